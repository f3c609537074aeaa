/**
 * Lines of messages that may still go on lie loose in the store, ready to be taken back. Those that nothing has
 * happened to for hours (a log that was cut, a message on hold) are packed like finished ones.
 */
import type { PatternFile } from '../core/pattern.js';
import { openForWriting } from '../store/database.js';
import { Reader } from '../store/reader.js';
import { BlockBuilder, compressBlock, packLines } from '../store/segment.js';

const QUIET = 3600 * 1_000_000;

/** Packs what has been quiet for an hour of the log's own time, and keeps a site's patterns for later readers. */
export function packOldLines(file: string, patterns: readonly PatternFile[]): void {
  const db = openForWriting(file);
  const reader = new Reader(db);
  const place = db.prepare('update trace set block = ?, start = ?, length = ? where id = ?');
  const store = db.prepare('insert into block (id, data) values (?, ?)');
  const drop = db.prepare('delete from line where trace = ?');
  const pattern = db.prepare('insert or replace into pattern (file, json) values (?, ?)');
  db.transaction(() => {
    for (const { file: name, programs, patterns: entries } of patterns) {
      pattern.run(name, JSON.stringify({ programs, patterns: entries }));
    }
    let blocks = new BlockBuilder(reader.lastIds().block + 1);
    const newest = reader.newest();
    const flush = (): void => {
      for (const { id, data } of blocks.all()) store.run(id, compressBlock(data));
      blocks = new BlockBuilder(blocks.next);
    };
    for (const row of reader.open()) {
      if (row.block !== null || row.last > newest - QUIET) continue;
      const { block, start, length } = blocks.add(packLines(reader.linesOf(row)));
      place.run(block, start, length, row.id);
      drop.run(row.id);
      if (blocks.isFull) flush();
    }
    flush();
  }).immediate();
  db.close();
}
