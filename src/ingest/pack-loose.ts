/**
 * Lines of messages that may still go on lie loose in the store, ready to be taken back; so do those that `follow`
 * stores a few at a time. They are packed once they fill a block, as small blocks compress badly.
 */
import type { Database } from 'better-sqlite3';
import { Reader, type Row } from '../store/reader.js';
import { BlockBuilder, compressBlock, type Place, packLines } from '../store/segment.js';

/**
 * Packs the rows' loose lines into blocks, in one transaction. What fills no block stays loose, unless `all`.
 * Gives the numbers of the packed ones.
 */
export function packLoose(db: Database, rows: readonly Row[], all: boolean): number[] {
  const reader = new Reader(db);
  const store = db.prepare('insert into block (id, data) values (?, ?)');
  const place = db.prepare('update trace set block = ?, start = ?, length = ? where id = ?');
  const drop = db.prepare('delete from line where trace = ?');
  const blocks = new BlockBuilder(reader.lastIds().block + 1);
  const packed: number[] = [];
  let placed: (Place & { readonly row: number })[] = [];
  const storeFull = (rest: boolean): void => {
    for (const { id, data } of blocks.take(rest)) {
      store.run(id, compressBlock(data));
      for (const { row, block, start, length } of placed) {
        if (block !== id) continue;
        place.run(block, start, length, row);
        drop.run(row);
        packed.push(row);
      }
      placed = placed.filter(({ block }) => block !== id);
    }
  };
  db.transaction(() => {
    for (const row of rows) {
      if (row.block !== null) continue;
      placed.push({ row: row.id, ...blocks.add(packLines(reader.linesOf(row))) });
      storeFull(false);
    }
    storeFull(all);
  }).immediate();
  return packed;
}
