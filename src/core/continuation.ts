/**
 * amavis splits a text that is too long for syslog (Amavis/Log.pm, write_log): each piece but the last ends in
 * `...`, each but the first begins with `...`, behind the `(id) ` and an alert mark. Lines of other children stand
 * between the pieces. A text may well end in dots of its own, so a piece is known by its length too.
 */
import type { Origin } from './event.js';
import type { Line } from './line.js';

/**
 * Pieces are cut at 980 octets less the head, unless a site has another $logline_maxlen. Whether a shorter line that
 * ends in dots is one or just ends so, only its message's next line tells.
 */
const PIECE = 850;
const DOTS = '...';
const HEAD = /^\((\d+-\d+(?:-\d+)*)\) (\(!{1,2}\))?(\.\.\.)?/;
/** Pieces are written at once: what is older (microseconds) has lost the others. */
const MAX_AGE = 10 * 1_000_000;
/** More messages with texts under way than children could work on at once: the oldest is given up. */
const MAX_PENDING = 1000;
const MAX_PIECES = 1000;

/** The pieces that wait for others, of one message. */
interface Pending {
  /** Texts whose first piece is there. One process writes one after another, so several mean lines out of order. */
  begun: Line[][];
  /** Pieces whose text has not begun. */
  strays: Line[];
}

/** Pieces that lack others. */
export interface Pieces {
  /** Of texts whose first piece is among them, each text's in a row. */
  readonly begun: readonly Line[];
  readonly middle: readonly Line[];
  readonly last: readonly Line[];
}

/** How the texts that are read begin, and how they and only they end. */
const KINDS: readonly { readonly first: RegExp; readonly last: RegExp }[] = [
  { first: /^(?:Passed|Blocked) /, last: /\bmail_id: \S+, |, \d+ ms$/ },
  { first: /^\S+ (?:FWD|SEND) from </, last: /\bfrom MTA\(|\bqueued as [0-9A-Za-z]+$/i },
  { first: /\bTIMING \[/, last: /\(\d+%\)\d+(?:, |$)/ },
  // $log_templ = '[:report_json]'
  { first: /^\{"/, last: /":(?:"[^"]*"|[\d.]+|\[[^[\]]*\])\}$/ },
];
/** The first may end otherwise, since sites write it as they like; but not as other texts do. */
const [MAIN] = KINDS;
const NOT_MAIN = /\b(?:autolearn|required|tagged_above)=|\bReceived: |^\S+ (?!.*: )/;

export class Continuation {
  readonly #pending = new Map<string, Pending>();
  /** Lines that may be short pieces, and texts of such. */
  readonly #short = new Map<string, Line[]>();
  /** When the first and the last line were written. */
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  /** The piece that ended a message's last text: a log may have lines twice. */
  readonly #ended = new Map<string, Line>();

  /**
   * The lines to read now, each whole: the given one when it is no piece, the put-together one with its last piece,
   * none while pieces are missing.
   */
  take(line: Line): readonly Line[] {
    if (line.time < this.#first) this.#first = line.time;
    if (line.time > this.#last) this.#last = line.time;
    const head = HEAD.exec(line.message);
    const continues = head?.[3] !== undefined;
    const continued = isContinued(line);
    const dots = continued || line.message.endsWith(DOTS);
    if (head === null || (!continues && !dots && this.#short.size === 0)) return [line];
    const key = `${line.host}|${line.pid}|${head[1]}`;
    const short = this.#short.get(key);
    if (short !== undefined) {
      if (continues && !continued) return this.#goOn(key, short, line);
      this.#short.delete(key);
      return [whole(short), ...this.take(line)];
    }
    if (!continues && !continued) return dots ? this.#beginShort(key, line) : [line];
    const crowded: Line[] = [];
    const pending = this.#pending.get(key) ?? this.#begin(key, crowded);
    const taken = [...crowded, ...tooOld(pending, line.time)];
    const again = [...pending.begun, pending.strays].find((text) =>
      text.some((piece) => isSame(piece, line)),
    );
    if (again !== undefined) again.push(line);
    else if (!continues) taken.push(...begin(pending, line));
    else if (continued) {
      const text = pending.begun.at(-1) ?? pending.strays;
      text.push(line);
      if (text.length > MAX_PIECES) taken.push(...finishAll(pending));
    } else taken.push(...this.#end(key, pending, line));
    if (pending.begun.length === 0 && pending.strays.length === 0) this.#pending.delete(key);
    return taken;
  }

  /** Another short piece: all but the last are of one length. */
  #goOn(key: string, text: Line[], line: Line): readonly Line[] {
    text.push(line);
    const more = line.message.endsWith(DOTS) && line.message.length === text[0]?.message.length;
    if (more && text.length <= MAX_PIECES) return [];
    this.#short.delete(key);
    return [whole(text)];
  }

  #beginShort(key: string, line: Line): readonly Line[] {
    const ended: Line[] = [];
    for (const [oldest, text] of this.#short) {
      const [first] = text;
      if (this.#short.size < MAX_PENDING && first !== undefined && line.time - first.time <= MAX_AGE) break;
      this.#short.delete(oldest);
      ended.push(whole(text));
    }
    this.#short.set(key, [line]);
    return ended;
  }

  /** Pieces of texts whose end has not come yet. */
  *pending(): IterableIterator<Line> {
    for (const text of this.#short.values()) yield* text;
    for (const { begun, strays } of this.#pending.values()) {
      for (const text of begun) yield* text;
      yield* strays;
    }
  }

  /** The same, told apart. */
  pieces(): Pieces {
    const all = [...this.#pending.values()];
    const strays = all.flatMap((one) => one.strays);
    return {
      begun: [...this.#short.values(), ...all.flatMap(({ begun }) => begun)].flat(),
      middle: strays.filter(isContinued),
      last: strays.filter((piece) => !isContinued(piece)),
    };
  }

  /** Those of them whose rest may stand in another log: written when this one began or ended. */
  cut(): Pieces {
    const { begun, middle, last } = this.pieces();
    const isNearEnd = ({ time }: Line): boolean =>
      time <= this.#first + MAX_AGE || time >= this.#last - MAX_AGE;
    return {
      begun: begun.filter(isNearEnd),
      middle: middle.filter(isNearEnd),
      last: last.filter(isNearEnd),
    };
  }

  /** Pieces of texts whose end has not come: they are another's from now on. */
  release(): readonly Line[] {
    const rest = [...this.pending()];
    this.#short.clear();
    this.#pending.clear();
    return rest;
  }

  /** What is left at the end of a log, as far as it goes. */
  drain(): readonly Line[] {
    const rest = [...[...this.#short.values()].map(whole), ...[...this.#pending.values()].flatMap(finishAll)];
    this.#short.clear();
    this.#pending.clear();
    return rest;
  }

  #end(key: string, { begun, strays }: Pending, last: Line): readonly Line[] {
    const at = begun.findLastIndex((text) => endsAs(text, last));
    const [text] = at < 0 ? [] : begun.splice(at, 1);
    const before = this.#ended.get(key);
    if (text === undefined && before !== undefined && isSame(before, last)) return [last];
    if (text === undefined) {
      strays.push(last);
      return [];
    }
    if (this.#ended.size > MAX_PENDING) this.#ended.clear();
    this.#ended.set(key, last);
    return [whole([...text, last])];
  }

  #begin(key: string, crowded: Line[]): Pending {
    const pending: Pending = { begun: [], strays: [] };
    this.#pending.set(key, pending);
    if (this.#pending.size > MAX_PENDING) {
      for (const [oldest, left] of this.#pending) {
        this.#pending.delete(oldest);
        crowded.push(...finishAll(left));
        break;
      }
    }
    return pending;
  }
}

/** A first piece. What came before it without a beginning may be its end, when lines are out of order. */
function begin(pending: Pending, first: Line): readonly Line[] {
  const { begun, strays } = pending;
  const at = strays.findIndex((piece) => !isContinued(piece) && endsAs([first], piece));
  if (at < 0) {
    begun.push([first]);
    return [];
  }
  const ends = strays.filter((piece) => isSame(piece, strays[at] as Line));
  const between = strays.filter(isContinued);
  pending.strays = strays.filter((piece) => !between.includes(piece) && !ends.includes(piece));
  return [whole([first, ...between, ...ends])];
}

/** Whether the last piece may be of the text that begins with these. */
function endsAs(pieces: readonly Line[], last: Line): boolean {
  const [first] = pieces;
  const head = first === undefined ? null : HEAD.exec(first.message);
  if (first === undefined || head === null) return false;
  // Each piece has the text's alert mark.
  if (head[2] !== HEAD.exec(last.message)?.[2]) return false;
  const text = first.message.slice(head[0].length);
  const own = KINDS.find((kind) => kind.first.test(text));
  const ends = KINDS.filter((kind) => kind.last.test(last.message));
  if (ends.length > 0) return own !== undefined && ends.includes(own);
  if (own === undefined || (own === MAIN && !NOT_MAIN.test(last.message))) return true;
  // What its end is known by stands in an earlier piece, or was cut through.
  return own !== MAIN && pieces.some(({ message }) => own.last.test(message));
}

/** What has lost its other pieces, as far as it goes. */
function tooOld(pending: Pending, now: number): Line[] {
  const isOld = (piece: Line | undefined): boolean => piece !== undefined && now - piece.time > MAX_AGE;
  if (!isOld(pending.begun[0]?.[0]) && !isOld(pending.strays[0])) return [];
  const old = { begun: pending.begun.filter((text) => isOld(text[0])), strays: pending.strays.filter(isOld) };
  pending.begun = pending.begun.filter((text) => !isOld(text[0]));
  pending.strays = pending.strays.filter((piece) => !isOld(piece));
  return finishAll(old);
}

/** Without its beginning a text can't be read; its pieces are lines like others. */
function finishAll(pending: Pending): Line[] {
  const finished = [...pending.begun.map(whole), ...pending.strays];
  pending.begun = [];
  pending.strays = [];
  return finished;
}

function whole(pieces: readonly Line[]): Line {
  const [first, ...others] = pieces as [Line, ...Line[]];
  if (others.length === 0) return first;
  let { message } = first;
  for (const [n, piece] of others.entries()) {
    if (pieces.slice(0, n + 1).some((before) => isSame(before, piece))) continue;
    const mark = HEAD.exec(piece.message)?.[0].length ?? 0;
    message = message.slice(0, -3) + piece.message.slice(mark);
  }
  const raws = pieces.map(({ raw }) => raw);
  return { ...first, message, raw: raws.join('\n'), pieces: raws };
}

/** Whether one line says a part of what another says, which was put together from it and its rest. */
export function isPieceOf(piece: Origin, { message, pieces, time, pid }: Origin): boolean {
  if (pieces === undefined || piece.pid !== pid || Math.abs(piece.time - time) > MAX_AGE) return false;
  const head = HEAD.exec(piece.message);
  if (head === null || !message.startsWith(`(${head[1]}) `)) return false;
  const continued = piece.message.endsWith(DOTS);
  const text = continued ? piece.message.slice(0, -3) : piece.message;
  if (head[3] === undefined) return continued && message !== piece.message && message.startsWith(text);
  const rest = text.slice(head[0].length);
  return continued ? message.includes(rest) : message.endsWith(rest);
}

/** Whether it is the line once more; two pieces of one text are never alike. */
function isSame(one: Line, other: Line): boolean {
  return one.message === other.message && Math.abs(one.time - other.time) < 1_000_000;
}

function isContinued({ message }: Pick<Line, 'message'>): boolean {
  return message.length >= PIECE && message.endsWith(DOTS);
}
