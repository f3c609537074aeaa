import { printable } from '../output/printable.js';
import { UserError } from '../user-error.js';
import { whyUnread } from './why-unread.js';

/** What the operating system said about a file, in words that tell what to do. */
export function fileError(error: unknown, path: string): UserError {
  if (error instanceof UserError) return error;
  const name = printable(path);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new UserError(`${name}: no such file`);
    case 'EACCES':
    case 'EPERM':
      return new UserError(
        `${name}: permission denied`,
        'mail logs are readable for root and often for the group adm: use sudo, or join that group',
      );
    case 'EISDIR':
      return new UserError(`${name} is a folder: name the log files in it`);
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return new UserError(`${name}: ${whyUnread(error)}`);
    default:
      return new UserError(
        `${name}: cannot be read (${code || printable(error instanceof Error ? error.message : String(error))})`,
      );
  }
}
