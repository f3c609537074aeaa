/** Writes batches, each in one transaction. */
import type { Database, Statement } from 'better-sqlite3';
import type { Batch, TraceRow } from './batch.js';
import { KeyIndex } from './key-index.js';

export class Writer {
  readonly #db: Database;
  readonly #trace: Statement;
  readonly #keys: KeyIndex;
  readonly #block: Statement;
  readonly #line: Statement;
  readonly #dropLines: Statement;
  readonly #dropTrace: Statement;
  readonly #endpoint: Statement;
  readonly #checkpoint: Statement;
  readonly #touched: Statement;
  readonly #diagnosed: Statement;
  readonly #wait: Statement;
  readonly #waitNoMore: Statement;
  readonly #knowledge: Statement;
  readonly #write: (batch: Batch) => void;

  constructor(db: Database) {
    this.#db = db;
    this.#trace = db.prepare(`insert or replace into trace
      (id, host, first, last, state, open, complete, verdicts, problems, sender, recipients, client, filter_ms, extra, block, start, length)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#keys = new KeyIndex(db);
    this.#block = db.prepare('insert into block (id, data) values (?, ?)');
    this.#line = db.prepare('insert into line (trace, n, time, raw) values (?, ?, ?, ?)');
    this.#dropLines = db.prepare('delete from line where trace = ? and n >= ?');
    this.#dropTrace = db.prepare('delete from trace where id = ?');
    this.#endpoint = db.prepare('insert or ignore into endpoint (name) values (?)');
    this.#checkpoint = db.prepare('insert or replace into checkpoint (path, json) values (?, ?)');
    this.#knowledge = db.prepare('insert or replace into knowledge (name, json) values (?, ?)');
    this.#touched = db.prepare('update trace set last = max(last, ?) where id = ?');
    this.#diagnosed = db.prepare('update trace set problems = ? where id = ?');
    this.#wait = db.prepare('insert into waiting (id, path, time, raw) values (?, ?, ?, ?)');
    this.#waitNoMore = db.prepare('delete from waiting where id = ?');
    this.#write = db.transaction((batch: Batch) => this.#all(batch)).immediate;
  }

  write(batch: Batch): void {
    this.#write(batch);
  }

  close(): void {
    this.#db.close();
  }

  #all(batch: Batch): void {
    for (const { id, data } of batch.blocks) this.#block.run(id, data);
    for (const { trace, from } of batch.rewritten) this.#dropLines.run(trace, from);
    for (const id of batch.gone) {
      this.#dropLines.run(id, 0);
      this.#dropTrace.run(id);
    }
    for (const row of JSON.parse(batch.traces) as TraceRow[]) {
      this.#trace.run(
        row.id, row.host, row.first, row.last, row.state, row.open, row.complete, row.verdicts, row.problems,
        row.sender, row.recipients, row.client, row.filterMs, row.extra, row.block, row.start, row.length,
      ); // biome-ignore format: the columns in their order
    }
    for (const { trace, n, time, raw } of batch.lines) this.#line.run(trace, n, time, raw);
    for (const { trace, last } of batch.touched) this.#touched.run(last, trace);
    this.#keys.add(batch.keys, batch.keyTraces);
    for (const name of batch.endpoints) this.#endpoint.run(name);
    for (const { trace, problems } of batch.diagnosed) this.#diagnosed.run(problems, trace);
    for (const id of batch.waiting.removed) this.#waitNoMore.run(id);
    for (const { id, path, time, raw } of batch.waiting.added) this.#wait.run(id, path, time, raw);
    for (const { path, json } of batch.checkpoints) this.#checkpoint.run(path, json);
    for (const { name, json } of batch.knowledge) this.#knowledge.run(name, json);
  }
}
