/**
 * amavis splits a text that is too long for syslog (Amavis/Log.pm, write_log): each piece but the last ends in
 * `...`, each but the first begins with `...`, behind the `(id) ` and an alert mark. Lines of other children stand
 * between the pieces. A text may well end in dots of its own, so a piece is known by its length too.
 */
import type { Line } from './line.js';

/** Pieces are cut at 980 octets less the head; a shorter text that ends in dots just ends so. */
const PIECE = 850;
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

/** How the texts that are read begin, and how they and only they end. */
const KINDS: readonly { readonly first: RegExp; readonly last: RegExp }[] = [
  { first: /^(?:Passed|Blocked) /, last: /\bmail_id: \S+, |, \d+ ms$/ },
  { first: /^\S+ (?:FWD|SEND) from </, last: /\bfrom MTA\(|\bqueued as [0-9A-Za-z]+$/i },
  { first: /\bTIMING \[/, last: /\(\d+%\)\d+(?:, |$)/ },
];
/** The first may end otherwise, since sites write it as they like; but not as other texts do. */
const [MAIN] = KINDS;
const NOT_MAIN = /\b(?:autolearn|required|tagged_above)=|\bReceived: |^\S+ (?!.*: )/;

export class Continuation {
  readonly #pending = new Map<string, Pending>();
  /** The piece that ended a message's last text: a log may have lines twice. */
  readonly #ended = new Map<string, Line>();

  /**
   * The lines to read now, each whole: the given one when it is no piece, the put-together one with its last piece,
   * none while pieces are missing.
   */
  take(line: Line): readonly Line[] {
    const head = HEAD.exec(line.message);
    const continues = head?.[3] !== undefined;
    const continued = isContinued(line);
    if (head === null || (!continues && !continued)) return [line];
    const key = `${line.host}|${line.pid}|${head[1]}`;
    const pending = this.#pending.get(key) ?? this.#begin(key);
    const taken = tooOld(pending, line.time);
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

  /** Pieces of texts whose end has not come yet. */
  *pending(): IterableIterator<Line> {
    for (const { begun, strays } of this.#pending.values()) {
      for (const text of begun) yield* text;
      yield* strays;
    }
  }

  /** What is left at the end of a log, as far as it goes. */
  drain(): readonly Line[] {
    const rest = [...this.#pending.values()].flatMap(finishAll);
    this.#pending.clear();
    return rest;
  }

  #end(key: string, { begun, strays }: Pending, last: Line): readonly Line[] {
    const at = begun.findLastIndex(([first]) => first !== undefined && endsAs(first, last));
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

  #begin(key: string): Pending {
    const pending: Pending = { begun: [], strays: [] };
    this.#pending.set(key, pending);
    if (this.#pending.size > MAX_PENDING) {
      for (const oldest of this.#pending.keys()) {
        this.#pending.delete(oldest);
        break;
      }
    }
    return pending;
  }
}

/** A first piece. What came before it without a beginning may be its end, when lines are out of order. */
function begin(pending: Pending, first: Line): readonly Line[] {
  const { begun, strays } = pending;
  const at = strays.findIndex((piece) => !isContinued(piece) && endsAs(first, piece));
  if (at < 0) {
    begun.push([first]);
    return [];
  }
  const ends = strays.filter((piece) => isSame(piece, strays[at] as Line));
  const between = strays.filter(isContinued);
  pending.strays = strays.filter((piece) => !between.includes(piece) && !ends.includes(piece));
  return [whole([first, ...between, ...ends])];
}

/** Whether the last piece may be of the text that begins with the first. */
function endsAs(first: Line, last: Line): boolean {
  const text = first.message.slice(HEAD.exec(first.message)?.[0].length ?? 0);
  const own = KINDS.find((kind) => kind.first.test(text));
  const ends = KINDS.filter((kind) => kind.last.test(last.message));
  if (ends.length > 0) return own !== undefined && ends.includes(own);
  return own === undefined || (own === MAIN && !NOT_MAIN.test(last.message));
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

/** Whether it is the line once more; two pieces of one text are never alike. */
function isSame(one: Line, other: Line): boolean {
  return one.message === other.message && Math.abs(one.time - other.time) < 1_000_000;
}

function isContinued({ message }: Line): boolean {
  return message.length >= PIECE && message.endsWith('...');
}
