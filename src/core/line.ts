/**
 * One raw line to its head and its message.
 *
 * Heads: RFC 3164 (also with a priority, a year after the day, Solaris' `[ID … mail.info]`, BSD's `<mail.info>`),
 * RFC 3339 (rsyslog's default, journalctl -o short-iso), RFC 5424, journalctl's other forms, OpenWrt's logread, what
 * container engines keep (docker's json-file, CRI), and any of them behind what grep -H, docker-compose, kubectl or a
 * log viewer puts in front. The common ones are read by character, without a regular
 * expression, and what rarely changes from line to line (the second, the host, the program) is remembered.
 */
import { Clock, type ClockOptions } from './clock.js';
import type { Origin } from './event.js';
import { CARRIER, type Program, parseProgram } from './program.js';

export interface Line extends Origin {
  /** The pattern key of the program that wrote it. */
  readonly program: string;
}

/** Syslog's own, and as journalctl writes them where the locale is another: all of three letters of ASCII. */
const MONTHS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'Jan jan gen ene sty led|Feb feb fev lut|Mar mar mrt|Apr apr abr kwi dub|May may Mai mai maj mag mei|' +
    'Jun jun giu cze|Jul jul lug lip|Aug aug ago sie srp|Sep sep set wrz|Oct oct Okt okt out ott|' +
    'Nov nov lis|Dec dec Dez dez dic des gru pro'
  )
    .split('|')
    .flatMap((names, month) => names.split(' ').map((name) => [name, month])),
);

const REPEATED = /^message repeated \d+ times: \[ ?/;
/**
 * What tools put in front: `mail.log.1:`, `mail    | `, `[1:mail1:postfix/lmtp] `, `[pod/mail-0/postfix] `, socklog's
 * `mail.info: `, multilog's and s6-log's TAI64N stamp; an indent, a mark of citing, the number
 * that cat -n, less -N or an editor shows.
 */
const PREFIXES = [
  /^[^\s|]{1,200} {0,40}\| /,
  /^\[(?:\d{1,10}:|pod\/)[^\]\s]{1,200}\] /,
  /^[^\s:]{1,255}:(?:\d{1,10}:)?(?=[A-Z<{\d])/,
  /^(?:\d{4}-\d\d-\d\d[T_][\d:.]{8,18} )?[a-z]{1,8}\d?\.[a-z]{1,7}: {1,2}/,
  /^@[\da-f]{24} {1,2}/,
  /^[\s>]{1,40}(?:\d{1,10}(?:\t| {1,2}))?/,
];
const STRUCTURED_DATA = /^(?:-|(?:\[[^\]"]*(?:"(?:[^"\\]|\\.)*"[^\]"]*)*\])+)(?: |$)/;
const SOLARIS_ID = /^\[ID \d+ \w+\.\w+\] /;
const BSD_PRIORITY = /^<\w+\.\w+> /;
/** What `docker logs -t`, s6-log and their like put before a head of its own. */
const STAMPED =
  /\d{4}-\d\d-\d\d[T ][\d:.]{8,18}(?:Z|[+-]\d\d:?\d\d)? {1,2}(?=[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |<\d{1,3}>)/y;
/** What a container engine puts before a line, behind its stamp: nothing, or as CRI has it the stream and a tag. */
const ENGINE = /(?:(?:stdout|stderr) [FP](?::\S{0,40})? )?(?=(\d{4}-\d\d-\d\d[T ]\d\d:)?)/y;
/** The zone of journalctl -o short-full: the machine's, as it abbreviates it, unless it is one of these. */
const ZONE = /^(?:UTC|GMT|Z|([+-]\d\d)(?::?(\d\d))?)$/;
const WEEKDAY = /(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) /y;
/** `2026-11-23 00:35:42 UTC ` */
const FULL_DATE = /(\d{4})-(\d\d)-(\d\d) (?=\d\d:\d\d:\d\d)/y;
/** logread -t puts the seconds in front of the facility. */
const FACILITY =
  /(?:\[\d{1,12}\.\d{1,9}\] )?(?:mail|daemon|user|auth|authpriv|syslog|news|uucp|cron|local[0-7]|kern|lpr|ftp)\.(?:emerg|alert|crit|err|warn|notice|info|debug) /y;
/** journalctl -o short-unix. */
const UNIX = /(\d{9,11})\.(\d{6}) /y;
const LOCAL_ISO = /(\d{4})-(\d\d)-(\d\d)[ T](?=\d\d:\d\d:\d\d[ .,])/y;
/** A mail program where none should stand: the head has a word more or less than usual. */
const MAIL_PROGRAM = /(?:postfix|amavis)[^\s:[]{0,80}(?:\[\d{1,10}\])?: /y;
/** `[1:mail1:postfix/lmtp] ` in the place of host and program. */
const MODULE = /^\[\d+:([^\]:\s]+):([^\]\s]+)\] ?/;
/** metalog: `Nov  1 11:28:10 [postfix/smtpd] `, without host and process. */
const METALOG = /^\[((?:postfix|amavis)[^\]\s]{0,80})\] /;
/** What some write in the host's place or before it; it changes from line to line. */
const SEVERITY = /^(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|ALERT|EMERG)$/;

/** Reads the lines of one stream in their order. */
export class LineReader {
  readonly #clock: Clock;
  readonly #programs = new Map<string, Program>();
  #stamp = '';
  #stampTime = 0;
  #isoMinute = '';
  #isoMinuteTime = 0;
  #host = '';
  #program = '';
  #parsed: Program = parseProgram('');
  /** Set while a line is read that another line carries. */
  #carried = false;

  constructor(options: ClockOptions) {
    this.#clock = new Clock(options);
  }

  /** How far the clock has got: `ClockOptions.after` of who goes on with the stream. */
  get last(): number | undefined {
    return this.#clock.last;
  }

  /** The first line's year, as the lines up to here have it: `Clock.firstYear`. */
  get firstYear(): number | undefined {
    return this.#clock.firstYear;
  }

  /**
   * The line's parts, or undefined when it has no head that we know. `time` is given for a line whose time was
   * found out before (a stored one).
   */
  read(raw: string, time?: number): Line | undefined {
    const line = this.#head(raw, 0, raw, time);
    if (line !== undefined) return line.program === '' ? this.#stamped(line, 0) : line;
    for (const prefix of PREFIXES) {
      const found = prefix.exec(raw);
      if (found === null) continue;
      const from = found[0].length;
      const inner = this.#head(raw, from, raw, time);
      if (inner !== undefined) return inner.program === '' ? this.#stamped(inner, from) : inner;
    }
    return undefined;
  }

  /** A line without a program may be a stamp with a whole line behind it; the outer stamp is the exact one. */
  #stamped(line: Line, from: number): Line {
    STAMPED.lastIndex = from;
    const found = STAMPED.exec(line.raw);
    if (found === null) return line;
    return this.#head(line.raw, from + found[0].length, line.raw, line.time) ?? line;
  }

  #head(text: string, from: number, raw: string, time: number | undefined): Line | undefined {
    const code = text.charCodeAt(from);
    if (code === 60 /* < */) return this.#priority(text, from, raw, time);
    if (code === 123 /* { */) return this.#json(text, from, raw, time);
    if (code >= 48 && code <= 57) return this.#iso(text, from, raw, time);
    return this.#bsd(text, from, raw, time);
  }

  #priority(text: string, from: number, raw: string, time: number | undefined): Line | undefined {
    const end = text.indexOf('>', from);
    if (end < 0 || end - from > 4) return undefined;
    if (text.startsWith('1 ', end + 1)) return this.#rfc5424(text, end + 3, raw, time);
    return this.#head(text, text.charCodeAt(end + 1) === 32 ? end + 2 : end + 1, raw, time);
  }

  /** `Nov  1 11:28:10 mail program[pid]: message`, also `Nov  1 2006 11:28:10 …` and `Nov  1 11:28:10 2006 …`. */
  #bsd(text: string, from: number, raw: string, known: number | undefined): Line | undefined {
    let at = from + 15;
    let time: number;
    if (text.startsWith(this.#stamp, from) && this.#stamp !== '') {
      time = this.#stampTime;
    } else {
      const month = MONTHS[text.slice(from, from + 3)];
      if (text.charCodeAt(from + 3) !== 32) return undefined;
      if (month === undefined) return this.#weekday(text, from, raw, known);
      at = from + 4;
      while (text.charCodeAt(at) === 32) at++;
      const day = twoDigits(text, at);
      if (day === undefined) return undefined;
      at += day.width;
      if (text.charCodeAt(at) !== 32) return undefined;
      at++;
      let year: number | undefined;
      if (text.charCodeAt(at + 4) === 32) {
        year = Number(text.slice(at, at + 4));
        if (!(year > 1980)) return undefined;
        at += 5;
      }
      const seconds = clockSeconds(text, at);
      if (seconds === undefined) return undefined;
      at += 8;
      let micros = 0;
      let exact = false;
      if (text.charCodeAt(at) === 46 /* . */) {
        const fraction = readFraction(text, at);
        micros = fraction.micros;
        at = fraction.end;
        exact = true;
      }
      if (text.charCodeAt(at) !== 32) return undefined;
      if (
        year === undefined &&
        text.charCodeAt(at + 5) === 32 &&
        /^(?:19|20)\d\d$/.test(text.slice(at + 1, at + 5))
      ) {
        year = Number(text.slice(at + 1, at + 5));
        at += 5;
      }
      time = known ?? this.#clock.local(month, day.value, seconds, micros, year);
      if (known === undefined && !exact && year === undefined && at === from + 15) {
        this.#stamp = text.slice(from, from + 16);
        this.#stampTime = time;
      }
    }
    return this.#hostAndProgram(text, at + 1, raw, known ?? time);
  }

  /**
   * `Mon 2026-11-23 00:35:42 UTC mail program[pid]: message` (journalctl -o short-full),
   * `Mon Nov 23 00:35:42 2026 mail.info program[pid]: message` (OpenWrt's logread: a facility and no host).
   */
  #weekday(text: string, from: number, raw: string, known: number | undefined): Line | undefined {
    WEEKDAY.lastIndex = from;
    if (!WEEKDAY.test(text)) return undefined;
    FULL_DATE.lastIndex = from + 4;
    const date = FULL_DATE.exec(text);
    if (date === null) return this.#ctime(text, from + 4, raw, known);
    const [year = 0, month = 0, day = 0] = date.slice(1).map(Number);
    const seconds = clockSeconds(text, FULL_DATE.lastIndex);
    let at = FULL_DATE.lastIndex + 8;
    const fraction = text.charCodeAt(at) === 46 ? readFraction(text, at) : { micros: 0, end: at };
    at = fraction.end + 1;
    const end = text.indexOf(' ', at);
    if (seconds === undefined || end < 0 || end - at > 10 || text.charCodeAt(at - 1) !== 32) return undefined;
    const zone = ZONE.exec(text.slice(at, end));
    const [, hours = '+00', minutes = '00'] = zone ?? [];
    const time =
      known ??
      (zone === null
        ? this.#clock.local(month - 1, day, seconds, fraction.micros, year)
        : Date.parse(`${date[1]}-${date[2]}-${date[3]}T00:00:00${hours}:${minutes}`) * 1000 +
          seconds * 1_000_000 +
          fraction.micros);
    return Number.isNaN(time) ? undefined : this.#hostAndProgram(text, end + 1, raw, time);
  }

  #ctime(text: string, from: number, raw: string, known: number | undefined): Line | undefined {
    const day = twoDigits(text, text.charCodeAt(from + 4) === 32 ? from + 5 : from + 4);
    const month = MONTHS[text.slice(from, from + 3)];
    const seconds = clockSeconds(text, from + 7);
    const year = /^ (\d{4}) $/.exec(text.slice(from + 15, from + 21));
    if (day === undefined || month === undefined || seconds === undefined || year === null) return undefined;
    const time = known ?? this.#clock.local(month, day.value, seconds, 0, Number(year[1]));
    FACILITY.lastIndex = from + 21;
    if (!FACILITY.test(text)) return this.#hostAndProgram(text, from + 21, raw, time);
    return this.#programAndMessage(text, FACILITY.lastIndex, raw, time, '');
  }

  /** `2026-11-23T00:35:42.904828+00:00 mail program[pid]: message`. */
  #iso(text: string, from: number, raw: string, known: number | undefined): Line | undefined {
    const stamp = this.#isoStamp(text, from) ?? this.#localIso(text, from, known) ?? unixStamp(text, from);
    if (stamp === undefined || text.charCodeAt(stamp.end) !== 32) return undefined;
    return this.#hostAndProgram(text, stamp.end + 1, raw, known ?? stamp.time);
  }

  /** `2026-11-23 00:35:42` without a zone: the machine's, as in old-style stamps. */
  #localIso(
    text: string,
    from: number,
    known: number | undefined,
  ): { time: number; end: number } | undefined {
    LOCAL_ISO.lastIndex = from;
    const date = LOCAL_ISO.exec(text);
    const seconds = clockSeconds(text, from + 11);
    if (date === null || seconds === undefined) return undefined;
    const { micros, end } =
      text.charCodeAt(from + 19) === 32 ? { micros: 0, end: from + 19 } : readFraction(text, from + 19);
    const [year, month, day] = date.slice(1).map(Number);
    if (year === undefined || month === undefined || day === undefined) return undefined;
    return { time: known ?? this.#clock.local(month - 1, day, seconds, micros, year), end };
  }

  #isoStamp(text: string, from: number): { time: number; end: number } | undefined {
    if (text.charCodeAt(from + 4) !== 45 || text.charCodeAt(from + 13) !== 58) return undefined;
    const seconds = twoDigits(text, from + 17);
    if (seconds === undefined || text.charCodeAt(from + 16) !== 58) return undefined;
    let at = from + 19;
    let micros = 0;
    if (text.charCodeAt(at) === 46) {
      const fraction = readFraction(text, at);
      micros = fraction.micros;
      at = fraction.end;
    }
    let zone = at;
    const sign = text.charCodeAt(at);
    if (sign === 90 /* Z */) {
      zone = at + 1;
    } else if (sign === 43 || sign === 45) {
      zone = text.charCodeAt(at + 3) === 58 ? at + 6 : at + 5;
    } else {
      return undefined;
    }
    const minute = text.slice(from, from + 16) + text.slice(at, zone);
    if (minute !== this.#isoMinute) {
      const offset = text.slice(at, zone).replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
      const instant = Date.parse(
        `${text.slice(from, from + 10)}T${text.slice(from + 11, from + 16)}:00${offset}`,
      );
      if (Number.isNaN(instant)) return undefined;
      this.#isoMinute = minute;
      this.#isoMinuteTime = instant * 1000;
    }
    return { time: this.#isoMinuteTime + seconds.value * 1_000_000 + micros, end: zone };
  }

  /** After `<22>1 `: `STAMP HOST APP PROCID MSGID SD MSG`. */
  #rfc5424(text: string, from: number, raw: string, known: number | undefined): Line | undefined {
    const stamp = this.#isoStamp(text, from);
    if (stamp === undefined) return undefined;
    const fields = text.slice(stamp.end + 1).split(' ', 4);
    const [host, app, pid, id] = fields;
    if (host === undefined || app === undefined || pid === undefined || id === undefined) return undefined;
    let rest = text.slice(stamp.end + 1 + host.length + app.length + pid.length + id.length + 4);
    const data = STRUCTURED_DATA.exec(rest);
    if (data === null) return undefined;
    rest = rest.slice(data[0].length);
    if (rest.charCodeAt(0) === 0xfeff) rest = rest.slice(1);
    if (rest.charCodeAt(0) === 32) rest = rest.slice(1);
    return this.#line(raw, known ?? stamp.time, host, app, Number(pid) || 0, rest);
  }

  /** One object a line: `journalctl -o json`, or docker's json-file (`{"log":"…\n","stream":"stdout","time":"…Z"}`). */
  #json(text: string, from: number, raw: string, known: number | undefined): Line | undefined {
    let entry: Record<string, unknown>;
    try {
      entry = JSON.parse(text.slice(from)) as Record<string, unknown>;
    } catch {
      return undefined;
    }
    const carried = entry['log'];
    if (typeof carried === 'string') {
      const time = known ?? this.#isoStamp(String(entry['time']), 0)?.time;
      if (time === undefined) return undefined;
      return this.#inner(carried.trimEnd(), 0, raw, time, '');
    }
    const time = known ?? Number(entry['__REALTIME_TIMESTAMP']);
    const program = entry['SYSLOG_IDENTIFIER'] ?? entry['_COMM'];
    if (!Number.isFinite(time) || typeof program !== 'string') return undefined;
    const pid = Number(entry['SYSLOG_PID'] ?? entry['_PID']) || 0;
    const host = typeof entry['_HOSTNAME'] === 'string' ? entry['_HOSTNAME'] : '';
    return this.#line(raw, time, host, program, pid, journalText(entry['MESSAGE']));
  }

  #hostAndProgram(text: string, from: number, raw: string, time: number): Line | undefined {
    let at = from;
    if (text.charCodeAt(at) === 60 /* < */) {
      const priority = BSD_PRIORITY.exec(text.slice(at, at + 40));
      if (priority !== null) at += priority[0].length;
    } else if (text.charCodeAt(at) === 91 /* [ */) {
      const module = MODULE.exec(text.slice(at));
      if (module !== null) {
        return this.#line(raw, time, module[1] ?? '', module[2] ?? '', 0, text.slice(at + module[0].length));
      }
      const metalog = METALOG.exec(text.slice(at, at + 100));
      if (metalog !== null) {
        return this.#line(raw, time, '', metalog[1] ?? '', 0, text.slice(at + metalog[0].length));
      }
    }
    let host = this.#host;
    if (text.startsWith(host, at) && host !== '' && text.charCodeAt(at + host.length) === 32) {
      at += host.length + 1;
    } else {
      const end = text.indexOf(' ', at);
      if (end < 0) return undefined;
      // The head has no host.
      if (text.charCodeAt(end - 1) === 58 /* : */ && isMailProgram(text, at)) {
        return this.#programAndMessage(text, at, raw, time, '');
      }
      host = text.slice(at, end);
      if (SEVERITY.test(host)) return this.#programAndMessage(text, end + 1, raw, time, '');
      const inner = this.#behindEngine(text, at, raw, time);
      if (inner !== undefined) return inner;
      this.#host = host;
      at = end + 1;
    }
    return this.#programAndMessage(text, at, raw, time, host);
  }

  #programAndMessage(text: string, at: number, raw: string, time: number, host: string): Line | undefined {
    // The program: up to `[pid]: ` or `: `; a service name may hold colons of its own.
    const length = text.length;
    let end = at;
    for (; end < length; end++) {
      const code = text.charCodeAt(end);
      if (code === 91 /* [ */ || code === 32) break;
      if (code === 58 /* : */ && (end + 1 === length || text.charCodeAt(end + 1) === 32)) break;
    }
    const code = text.charCodeAt(end);
    let pid = 0;
    let message = end;
    if (code === 91) {
      message = end + 1;
      for (
        let digit = text.charCodeAt(message);
        digit >= 48 && digit <= 57;
        digit = text.charCodeAt(++message)
      ) {
        pid = pid * 10 + digit - 48;
      }
      if (text.charCodeAt(message) !== 93 /* ] */) return undefined;
      message++;
      if (text.charCodeAt(message) === 58) message++;
    } else if (code === 58) {
      message = end + 1;
    } else if (isMailProgram(text, blanksEnd(text, end))) {
      // A relay's name before the host's, `mail.info` after it, blanks too many.
      const own = host === '' ? text.slice(at, end) : host;
      return this.#programAndMessage(text, blanksEnd(text, end), raw, time, own);
    } else {
      // `last message repeated 2 times` and the like: no program at all.
      return this.#line(raw, time, host, '', 0, text.slice(at));
    }
    if (text.charCodeAt(message) === 32) message++;
    return this.#line(raw, time, host, text.slice(at, end), pid, text.slice(message));
  }

  #line(raw: string, time: number, host: string, name: string, pid: number, text: string): Line {
    if (name !== this.#program) {
      let parsed = this.#programs.get(name);
      if (parsed === undefined) {
        parsed = parseProgram(name);
        // Program names are few; a log that makes them up must not fill memory.
        if (this.#programs.size > 1000) this.#programs.clear();
        this.#programs.set(name, parsed);
      }
      this.#program = name;
      this.#parsed = parsed;
    }
    let message = withoutEndBlanks(text);
    const code = message.charCodeAt(0);
    if (code === 91 /* [ */) {
      const id = SOLARIS_ID.exec(message);
      if (id !== null) message = message.slice(id[0].length);
    } else if (code === 109 /* m */ && message.startsWith('message repeated ')) {
      const head = REPEATED.exec(message);
      if (head !== null) message = message.slice(head[0].length, message.endsWith(']') ? -1 : undefined);
    }
    const { key, instance, service, daemon } = this.#parsed;
    if (key === CARRIER && !this.#carried) {
      const inner = this.#inner(message, 0, raw, time, host);
      if (inner !== undefined) return inner;
    }
    return { time, host, instance, service, daemon, pid, message, raw, program: key };
  }

  /** The line behind a container engine's stamp, where something of the engine's, or a second stamp, stands at `at`. */
  #behindEngine(text: string, at: number, raw: string, time: number): Line | undefined {
    const code = text.charCodeAt(at);
    if (this.#carried || (code !== 115 /* s */ && !(code >= 48 && code <= 57))) return undefined;
    ENGINE.lastIndex = at;
    const found = ENGINE.exec(text);
    if (found === null || (found[0] === '' && found[1] === undefined)) return undefined;
    const from = at + found[0].length;
    return this.#inner(text, from, raw, time, '') ?? this.#line(raw, time, '', '', 0, text.slice(from));
  }

  /** The line that a container's log driver put into one of its own, with a head or without. */
  #inner(text: string, from: number, raw: string, time: number, host: string): Line | undefined {
    // One of its own again is left as it is: a line could be made of them.
    if (this.#carried) return undefined;
    this.#carried = true;
    const inner = isMailProgram(text, from)
      ? this.#programAndMessage(text, from, raw, time, host)
      : this.#head(text, from, raw, time);
    this.#carried = false;
    return inner;
  }
}

/** `1763858142.904828 `, seconds since 1970. */
function unixStamp(text: string, from: number): { time: number; end: number } | undefined {
  UNIX.lastIndex = from;
  const found = UNIX.exec(text);
  if (found === null) return undefined;
  return { time: Number(found[1]) * 1_000_000 + Number(found[2]), end: UNIX.lastIndex - 1 };
}

function isMailProgram(text: string, at: number): boolean {
  MAIL_PROGRAM.lastIndex = at;
  return MAIL_PROGRAM.test(text);
}

/** Copies from web pages and some syslog templates leave blanks behind a line. */
function withoutEndBlanks(text: string): string {
  let end = text.length;
  for (; end > 0; end--) {
    const code = text.charCodeAt(end - 1);
    if (code !== 32 && code !== 9 /* tab */) break;
  }
  return end === text.length ? text : text.slice(0, end);
}

/** Where the blanks at `from` end. */
function blanksEnd(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === 32) at++;
  return at;
}

function twoDigits(text: string, at: number): { value: number; width: number } | undefined {
  const first = text.charCodeAt(at) - 48;
  if (!(first >= 0 && first <= 9)) return undefined;
  const second = text.charCodeAt(at + 1) - 48;
  return second >= 0 && second <= 9 ? { value: first * 10 + second, width: 2 } : { value: first, width: 1 };
}

/** Seconds since midnight of `11:28:10`. */
function clockSeconds(text: string, at: number): number | undefined {
  if (text.charCodeAt(at + 2) !== 58 || text.charCodeAt(at + 5) !== 58) return undefined;
  const hours = twoDigits(text, at);
  const minutes = twoDigits(text, at + 3);
  const seconds = twoDigits(text, at + 6);
  if (hours === undefined || minutes === undefined || seconds === undefined) return undefined;
  return hours.value * 3600 + minutes.value * 60 + seconds.value;
}

/** `.904828` to microseconds; further digits are read over. */
function readFraction(text: string, dot: number): { micros: number; end: number } {
  let micros = 0;
  let scale = 100_000;
  let end = dot + 1;
  for (let digit = text.charCodeAt(end) - 48; digit >= 0 && digit <= 9; digit = text.charCodeAt(++end) - 48) {
    micros += digit * scale;
    scale = Math.floor(scale / 10);
  }
  return { micros, end };
}

/** journald gives a message that is not UTF-8 as an array of bytes. */
function journalText(message: unknown): string {
  if (typeof message === 'string') return message;
  if (!Array.isArray(message)) return '';
  return new TextDecoder().decode(Uint8Array.from(message, (byte) => Number(byte)));
}
