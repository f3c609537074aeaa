/**
 * Finds entries of the catalogue: by their code, by words, or by a line of a log, whole or only its message or its
 * last part, as people paste them.
 */
import type { Event, Fact, Origin } from '../event.js';
import { isLoopback } from '../response.js';
import type { Catalogue } from './catalogue.js';
import { attemptedEndpoint, namesOf, wayBackNames } from './endpoint.js';
import type { Definition, Matcher, Position } from './entry.js';
import type { Values } from './fill.js';
import { matchEvent } from './match.js';

export interface Found {
  readonly definition: Definition;
  /** What a pasted line told, for the placeholders of its texts. */
  readonly values: Values;
}

/** Reads a whole line of a log; undefined when it is none, or of no known shape. */
export type LineParser = (line: string) => Event | undefined;

const NOWHERE: Omit<Origin, 'message' | 'raw'> = {
  time: 0,
  host: '',
  instance: 'postfix',
  service: '',
  daemon: '',
  pid: 0,
};
/** The end of a delivery line, or all of it. */
const DELIVERY = /\bstatus=(\w+) \((.*)\)\s*$/;
const RELAY = /\brelay=([^,\s]+),/;
const CONNECT = /^connect to (\S+): (.+)$/;
const SYSLOG_HEAD = /^.{0,120}?(?:postfix|amavis)[^\s:[]{0,80}(?:\[\d+\])?: /;
const QUEUE_ID = /^(?:warning: )?(?:[0-9A-F]{6,17}|[0-9A-Za-z]{12,24}|NOQUEUE): /;
const AMAVIS_ID = /^\(\d+-[\d-]+\) /;

/** The entry of a code; entries that a line shows; else entries that have all the words. The best first. */
export function searchCatalogue(catalogue: Catalogue, query: string, parse: LineParser): Found[] {
  const text = query.trim();
  const exact = catalogue.definitions.get(text.toLowerCase());
  if (exact !== undefined) return [{ definition: exact, values: {} }];
  const byLine = searchByLine(catalogue, text, parse);
  return byLine.length > 0 ? byLine : searchByWords(catalogue, text);
}

function searchByLine(catalogue: Catalogue, text: string, parse: LineParser): Found[] {
  const found = new Map<string, Found & { weight: number }>();
  for (const { event, sure } of readings(text, parse)) {
    for (const matcher of catalogue.matchersFor(event)) {
      // What takes any line of a kind says nothing about a text of which the kind is guessed.
      if (!sure && matcher.fallback) continue;
      const groups = matchEvent(matcher, event);
      if (groups === undefined) continue;
      const weight =
        (sure ? 0 : 16) +
        (fits(event, matcher, groups) ? 0 : 8) +
        (matcher.fallback ? 4 : 0) +
        (matcher.supports ? 2 : 0);
      const { definition } = matcher;
      const known = found.get(definition.code);
      if (known !== undefined && weight >= known.weight) continue;
      found.set(definition.code, {
        definition,
        values: {
          ...endpointValues(event, definition),
          ...wayBackNames(definition, event, groups),
          ...groups,
        },
        weight,
      });
    }
  }
  const least = Math.min(...[...found.values()].map(({ weight }) => weight));
  const best = [...found.values()].filter(({ weight }) => weight === least);
  return best
    .filter(({ definition }) => !best.some((other) => other.definition.explains.includes(definition.code)))
    .map(({ definition, values }) => ({ definition, values }));
}

/** Whether a pasted line may be of the hop that the alternative is about, as far as it tells. */
function fits(event: Event, { position }: Matcher, groups: Values): boolean {
  if (position === undefined) return true;
  if (position === 'reinject') return /(?:^|:)1002\d$/.test(groups['endpoint'] ?? groups['port'] ?? '');
  const guess = likelyPosition(event);
  return guess === undefined || guess === position;
}

/** Where a pasted attempt went: by custom, ports 10020 to 10029 are the filter's. */
function likelyPosition(event: Event): Position | undefined {
  if (event.kind !== 'delivery' && event.kind !== 'connect.failed') return undefined;
  const text = event.kind === 'delivery' ? `${event.relay} ${event.response}` : event.endpoint;
  if (/\]:1002\d\b|\brom MTA\(|\bid=\d+-\d+|\[[^\]]*amavis[^\]]*\]/.test(text)) return 'filter';
  if (event.kind === 'delivery' && event.relay !== 'none' && !event.relay.includes('[')) return 'mailbox';
  const [, address = '', port] = /\[([^\]]+)\](?::(\d+))?/.exec(text) ?? [];
  if (address.includes('/') || port === '24') return 'mailbox';
  return port !== undefined || (address !== '' && !isLoopback(address)) ? 'next' : undefined;
}

function endpointValues(event: Event, { stage }: Definition): Values {
  const endpoint = attemptedEndpoint(event);
  if (endpoint === undefined) return {};
  return stage === 'filter'
    ? { ...namesOf('endpoint', endpoint), ...namesOf('filter', endpoint) }
    : namesOf('endpoint', endpoint);
}

/** An event that a text may stand for; sure when its own words say which kind it is. */
interface Reading {
  readonly event: Event;
  readonly sure: boolean;
}

/** Who may have written a message that was pasted without its head. */
const PROGRAMS = 'lmtp smtpd cleanup qmgr postsuper pickup master bounce'
  .split(' ')
  .map((daemon) => `postfix/${daemon}`)
  .concat('amavis', 'rsyslogd', 'journal');

/** The events that a line, or a piece of one, may stand for. */
function readings(text: string, parse: LineParser): Reading[] {
  const whole = parse(text);
  if (whole !== undefined) return [{ event: whole, sure: true }];
  const read = PROGRAMS.flatMap((program) => parse(`Jan  1 00:00:00 host ${program}[1]: ${text}`) ?? []);
  return [...read.map((event) => ({ event, sure: true })), ...guesses(text)];
}

/** For a piece from the middle of a line, or a line of a head that is not known. */
function guesses(text: string): Reading[] {
  const message = text.replace(SYSLOG_HEAD, '');
  const body = message.replace(QUEUE_ID, '').replace(AMAVIS_ID, '');
  const reading = (fact: Fact, sure: boolean): Reading => ({
    event: { ...fact, at: { ...NOWHERE, message, raw: message } },
    sure,
  });
  const [, status, told = ''] = DELIVERY.exec(body) ?? [];
  if (status !== undefined) {
    return [reading(deliveryFact(status, told, RELAY.exec(body)?.[1] ?? 'none'), true)];
  }
  const found: Reading[] = [];
  const [, endpoint, reason] = CONNECT.exec(body) ?? [];
  if (endpoint !== undefined && reason !== undefined) {
    found.push(reading({ kind: 'connect.failed', endpoint, reason }, true));
  }
  const severity = 'warning';
  found.push(
    reading({ kind: 'queue.note', queueId: '', severity, text: body }, true),
    reading({ kind: 'system.note', severity, text: body }, true),
    reading({ kind: 'amavis.note', severity, text: body }, true),
    reading({ kind: 'log.lost', text: body }, true),
    reading({ kind: 'qmgr.skipped', queueId: '', text: body }, true),
    reading({ kind: 'cleanup.aborted', queueId: '', text: body }, true),
  );
  // Only the words in the parentheses of a delivery line.
  for (const guess of ['deferred', 'bounced', 'sent']) {
    found.push(reading(deliveryFact(guess, body, 'none'), false));
  }
  return found;
}

function deliveryFact(status: string, response: string, relay: string): Fact {
  return { kind: 'delivery', queueId: 'QUEUE-ID', recipient: '', relay, delay: 0, status, response };
}

function searchByWords(catalogue: Catalogue, text: string): Found[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const hits: { definition: Definition; weight: number }[] = [];
  for (const definition of catalogue.definitions.values()) {
    const where = [
      definition.code,
      definition.summary,
      definition.reference,
      definition.cause,
      definition.fix,
    ];
    const weights = words.map((word) => where.findIndex((part) => part.toLowerCase().includes(word)));
    if (weights.includes(-1)) continue;
    hits.push({ definition, weight: weights.reduce((sum, weight) => sum + weight, 0) });
  }
  return hits.sort((a, b) => a.weight - b.weight).map(({ definition }) => ({ definition, values: {} }));
}
