/** Questions to the database. */
import type { Database, Statement } from 'better-sqlite3';
import { NEWEST, type TraceRow, type WaitingLine } from './batch.js';
import { hashKey } from './hash.js';
import { KeyIndex } from './key-index.js';
import { decompressBlock, type Place, type StoredLine, unpackLines } from './segment.js';

/** How many unpacked blocks are kept: neighbours in time are neighbours in a block. */
const KEPT_BLOCKS = 32;

export interface Row extends TraceRow {
  readonly block: number | null;
}

export interface SearchQuery {
  /**
   * Globs (`*`, `?`) over whole addresses, lower case, one of which must fit. Rows that don't fit may come too where a
   * glob has characters beyond ASCII: SQLite doesn't lower those.
   */
  readonly sender?: readonly string[] | undefined;
  readonly recipient?: readonly string[] | undefined;
  readonly client?: readonly string[] | undefined;
  readonly state?: string | undefined;
  readonly verdict?: string | undefined;
  readonly problem?: string | undefined;
  readonly host?: string | undefined;
  /** Microseconds. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

const COLUMNS = `id, host, first, last, state, open, complete, verdicts, problems, sender, recipients, client,
  filter_ms as filterMs, extra, block, start, length`;

/** That a line of the column fits; a glob with a star may also fit over the end of one. */
const oneLineOf = (column: string): string =>
  `char(10) || ${column} || char(10) glob '*' || char(10) || ? || char(10) || '*'`;

/** As SQLite's GLOB reads it: `[` begins a set there. */
function sqliteGlob(glob: string): string {
  return glob.replaceAll('[', '[[]').replace(/[^\x01-\x7f]+/g, '*');
}

export class Reader {
  readonly #db: Database;
  readonly #keys: KeyIndex;
  readonly #byId: Statement<[number], Row>;
  readonly #lines: Statement<[number], StoredLine>;
  readonly #block: Statement<[number], { data: Buffer }>;
  readonly #openCount: Statement<[], number>;
  readonly #blocks = new Map<number, Buffer>();

  constructor(db: Database) {
    this.#db = db;
    this.#keys = new KeyIndex(db);
    this.#byId = db.prepare(`select ${COLUMNS} from trace where id = ?`);
    this.#lines = db.prepare('select time, raw from line where trace = ? order by n');
    this.#openCount = db.prepare<[], number>('select count(*) from trace where open = 1').pluck();
    this.#block = db.prepare('select data from block where id = ?');
  }

  /** Runs work that asks many times: what others write meanwhile isn't seen, and the file is locked once. */
  together(work: () => void): void {
    this.#db.transaction(work)();
  }

  /** Rows filed under the key; by chance also others, so what comes of them is checked. */
  byKey(key: string): Row[] {
    return [...this.byHash(hashKey(key))];
  }

  *byHash(hash: number): IterableIterator<Row> {
    for (const id of this.#keys.find(hash)) {
      const row = this.byId(id);
      if (row !== undefined) yield row;
    }
  }

  byId(id: number): Row | undefined {
    return this.#byId.get(id);
  }

  /** Newest first. */
  *search(query: SearchQuery): IterableIterator<Row> {
    const where: string[] = [];
    const values: (string | number)[] = [];
    const add = (condition: string, value: string | number | undefined): void => {
      if (value === undefined) return;
      where.push(condition);
      values.push(value);
    };
    const addAny = (condition: string, globs: readonly string[] | undefined): void => {
      if (globs === undefined) return;
      where.push(`(${globs.map(() => condition).join(' or ')})`);
      values.push(...globs.map(sqliteGlob));
    };
    addAny('lower(sender) glob ?', query.sender);
    addAny(oneLineOf('recipients'), query.recipient);
    addAny(oneLineOf('client'), query.client);
    add('state = ?', query.state);
    add("instr(' ' || verdicts || ' ', ' ' || ? || ' ')", query.verdict);
    // Some problems of open messages depend on when one looks.
    add("(open = 1 or instr(' ' || problems || ' ', ' ' || ? || ' '))", query.problem);
    add('host = ?', query.host);
    add('last >= ?', query.since);
    add('first < ?', query.until);
    const filter = where.length === 0 ? '' : `where ${where.join(' and ')}`;
    yield* this.#db
      .prepare<unknown[], Row>(`select ${COLUMNS} from trace ${filter} order by first desc, id desc`)
      .iterate(...values);
  }

  /** Rows of messages whose first line is of this time (microseconds). */
  begunAt(time: number): Row[] {
    return this.#db.prepare<[number], Row>(`select ${COLUMNS} from trace where first = ?`).all(time);
  }

  /** The rows of messages that may go on, the longest quiet first. */
  open(): Row[] {
    return this.#db.prepare<[], Row>(`select ${COLUMNS} from trace where open = 1 order by last`).all();
  }

  /** Rows of finished messages whose lines are not packed, the longest quiet first. */
  loose(): Row[] {
    return this.#db
      .prepare<[], Row>(`select ${COLUMNS} from trace where open = 0 and block is null order by last`)
      .all();
  }

  /** The `count` rows of messages that may go on and whose lines are not packed that were quiet the least. */
  openLoose(count: number): Row[] {
    return this.#db
      .prepare<[number], Row>(
        `select ${COLUMNS} from trace where open = 1 and block is null order by last desc limit ?`,
      )
      .all(count)
      .reverse();
  }

  /** Ids of messages whose lines are not packed and that are finished, or quiet since `before` (microseconds). */
  atRest(before: number): number[] {
    const unpacked = 'select id from trace where block is null';
    return this.#db
      .prepare<[number], number>(`${unpacked} and open = 0 union all ${unpacked} and open = 1 and last <= ?`)
      .pluck()
      .all(before);
  }

  /** Rows that something happened to after `time` (microseconds), and not for long before unless open. */
  recent(time: number): Row[] {
    const long = 600 * 1_000_000;
    return this.#db
      .prepare<[number, number, number], Row>(
        `select ${COLUMNS} from trace where first > ? and last > ?
          union select ${COLUMNS} from trace where open = 1 and last > ? order by last`,
      )
      .all(time - long, time, time);
  }

  /** The `count` rows that began last; with `since` (microseconds) only those that something happened to since then. */
  newestRows(count: number, since = 0): Row[] {
    return this.#db
      .prepare<[number, number], Row>(
        `select ${COLUMNS} from trace where last >= ? order by first desc, id desc limit ?`,
      )
      .all(since, count)
      .reverse();
  }

  waiting(): WaitingLine[] {
    return this.#db.prepare<[], WaitingLine>('select id, path, time, raw from waiting order by id').all();
  }

  checkpoints(): { path: string; json: string }[] {
    return this.#db.prepare<[], { path: string; json: string }>('select path, json from checkpoint').all();
  }

  /** How many characters of lines lie loose for a trace. */
  looseSize(id: number): number {
    return (
      this.#db
        .prepare<[number], { size: number | null }>(
          'select sum(length(raw)) as size from line where trace = ?',
        )
        .get(id)?.size ?? 0
    );
  }

  linesOf({ id, block, start, length }: Row): StoredLine[] {
    if (block === null || start === null || length === null) return this.#lines.all(id);
    return this.packed({ block, start, length });
  }

  /** The newest line's time that is known (microseconds), 0 in an empty store. Looks at every trace. */
  newest(): number {
    const last = this.#db.prepare<[], number>('select max(last) from trace').pluck().get();
    return Math.max(last ?? 0, this.newestLine());
  }

  /** The time of the newest line of all imports, of a message or not (microseconds); 0 when there was none. */
  newestLine(): number {
    const stored = this.knowledge().find(({ name }) => name === NEWEST);
    return stored === undefined ? 0 : Number(stored.json);
  }

  count(): number {
    return this.#db.prepare<[], { n: number }>('select count(*) as n from trace').get()?.n ?? 0;
  }

  /** How many messages may go on. */
  openCount(): number {
    return this.#openCount.get() ?? 0;
  }

  lastIds(): { trace: number; block: number } {
    const last = (table: string): number =>
      this.#db.prepare<[], { id: number | null }>(`select max(id) as id from ${table}`).get()?.id ?? 0;
    return { trace: last('trace'), block: last('block') };
  }

  endpoints(): string[] {
    return this.#db
      .prepare<[], { name: string }>('select name from endpoint')
      .all()
      .map(({ name }) => name);
  }

  /** What is known beside the messages. */
  knowledge(): { name: string; json: string }[] {
    return this.#db.prepare<[], { name: string; json: string }>('select name, json from knowledge').all();
  }

  patterns(): { file: string; json: string }[] {
    return this.#db
      .prepare<[], { file: string; json: string }>('select file, json from pattern order by file')
      .all();
  }

  packed({ block, start, length }: Place): StoredLine[] {
    let data = this.#blocks.get(block);
    if (data === undefined) {
      const found = this.#block.get(block);
      if (found === undefined) return [];
      data = decompressBlock(found.data);
      for (const oldest of this.#blocks.keys()) {
        if (this.#blocks.size < KEPT_BLOCKS) break;
        this.#blocks.delete(oldest);
      }
    } else {
      this.#blocks.delete(block);
    }
    this.#blocks.set(block, data);
    return unpackLines(data.toString('utf8', start, start + length));
  }
}
