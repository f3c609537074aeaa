/**
 * Lines of messages that may still go on lie loose in the store, ready to be taken back; so do those that `follow`
 * stores a few at a time. They are packed once they fill a block, as small blocks compress badly.
 */
import type { Database } from 'better-sqlite3';
import { Reader } from '../store/reader.js';
import { BlockBuilder } from '../store/segment.js';

/** Packs the traces' loose lines into blocks, in one transaction. */
export function packLoose(db: Database, traces: readonly number[]): void {
  const reader = new Reader(db);
  const store = db.prepare('insert into block (id, data) values (?, ?)');
  const place = db.prepare('update trace set block = ?, start = ?, length = ? where id = ?');
  const drop = db.prepare('delete from line where trace = ?');
  let blocks = new BlockBuilder(reader.lastIds().block + 1);
  const storeBlocks = (): void => {
    for (const { id, data } of blocks.all()) store.run(id, data);
    blocks = new BlockBuilder(blocks.next);
  };
  db.transaction(() => {
    for (const id of traces) {
      const row = reader.byId(id);
      if (row === undefined || row.block !== null) continue;
      const { block, start, length } = blocks.add(reader.linesOf(row));
      place.run(block, start, length, row.id);
      drop.run(row.id);
      if (blocks.isFull) storeBlocks();
    }
    storeBlocks();
  }).immediate();
}
