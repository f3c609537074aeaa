/** Why a file or folder can't be read, in words, and what to do; an error that has none here is told by its code. */
export function whyUnread(error: unknown, wanted: 'file' | 'folder' = 'file'): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
      return `no such ${wanted}`;
    case 'ENOTDIR':
      return wanted === 'folder' ? 'it is no folder' : 'no such file';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied, run as root or as a user who may read it';
    case 'EISDIR':
      return 'it is a folder';
    case 'ELOOP':
      return 'its links lead round in a circle';
    case 'ENAMETOOLONG':
      return 'its name is too long';
    default:
      return code;
  }
}
