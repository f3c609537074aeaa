/** Why a file or folder of a configuration can't be read, and what to do. */
export function whyUnread(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'no such file';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied, run as root or as a user who may read it';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return code;
  }
}
