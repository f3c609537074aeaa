import { printableJson } from '../output/printable.js';
import { openForReading, openForWriting, takeWriteLock } from '../store/database.js';
import { databaseFile, guarded } from '../store/files.js';
import { prune } from '../store/prune.js';
import { UserError } from '../user-error.js';
import type { Run } from './command.js';
import { flag, seconds, text } from './options.js';

export const run: Run = async (_args, options, io) => {
  const age = text(options, 'olderThan');
  if (age === undefined) throw new UserError('prune wants --older-than, such as --older-than 30d');
  if (/^\d+$/.test(age)) {
    throw new UserError(
      `--older-than ${age}: of what?`,
      'Give the unit too: 30d are days, 2w weeks, 12h hours.',
    );
  }
  const before = (Date.now() - seconds('--older-than', age) * 1000) * 1000;
  const file = databaseFile(text(options, 'db'), io.env);
  openForReading(file).close();
  const lock = takeWriteLock(file);
  if (lock === undefined)
    throw new UserError(`another amavtrace is writing to ${file}`, 'Stop it, or wait until it has ended.');
  const removed = guarded(file, () => {
    const db = openForWriting(file);
    try {
      return prune(db, before);
    } finally {
      db.close();
    }
  });
  lock.release();
  if (flag(options, 'json')) io.out(`${printableJson({ removed })}\n`);
  else io.note(`${removed} message${removed === 1 ? '' : 's'} older than ${age} removed\n`);
  return 0;
};
