/** A recorded log gives the same traces whatever writes its lines down. */
import { describe, expect, it } from 'vitest';
import type { Trace } from '../../src/core/trace/trace.js';
import { sampleLines } from '../follow/store.js';
import { tracesOf } from '../support/core.js';

interface Parts {
  /** `00:25:29` of Nov 23 2026. */
  readonly time: string;
  readonly host: string;
  /** Program, process id and message. */
  readonly rest: string;
}

const LINES = sampleLines('pass_lmtp/maillog').map((line): Parts => {
  const [, time = '', host = '', rest = ''] = /^Nov 23 (\S+) (\S+) (.*)$/.exec(line) ?? [];
  return { time, host, rest };
});
const unit = (rest: string): string => (/^amavis/.test(rest) ? 'amavis.service' : 'postfix@-.service');

const HEADS: Readonly<Record<string, (parts: Parts) => string>> = {
  'journalctl -o short-full': ({ time, host, rest }) => `Mon 2026-11-23 ${time} UTC ${host} ${rest}`,
  'journalctl -o with-unit': ({ time, host, rest }) =>
    `Mon 2026-11-23 ${time} UTC ${host} ${unit(rest)}${rest.slice(rest.indexOf('['))}`,
  'journalctl -o short-unix': ({ time, host, rest }) =>
    `${Date.parse(`2026-11-23T${time}Z`) / 1000}.000000 ${host} ${rest}`,
  'journalctl -o short-precise': ({ time, host, rest }) => `Nov 23 ${time}.000000 ${host} ${rest}`,
  'journalctl -o short-iso-precise': ({ time, host, rest }) =>
    `2026-11-23T${time}.000000+0000 ${host} ${rest}`,
  'OpenWrt’s logread': ({ time, rest }) => `Mon Nov 23 ${time} 2026 mail.info ${rest}`,
  metalog: ({ time, rest }) => `Nov 23 ${time} ${rest.replace(/^([^[]+)\[\d+\]:/, '[$1]')}`,
  'docker logs -t': ({ time, host, rest }) =>
    `2026-11-23T${time}.000000000Z 2026-11-23T${time}.000000+00:00 ${host} ${rest}`,
  'docker’s json-file': ({ time, host, rest }) =>
    JSON.stringify({
      log: `Nov 23 ${time} ${host} ${rest}\n`,
      stream: 'stdout',
      time: `2026-11-23T${time}.000000000Z`,
    }),
  'CRI’s files': ({ time, rest }) => `2026-11-23T${time}.000000000Z stdout F ${rest}`,
};

function told(parts: readonly Trace[]): unknown[] {
  return parts.map(({ host: _, id, recipients, filter, links, state, ...trace }) => ({
    id: id.slice(id.indexOf('/')),
    state,
    complete: trace.complete,
    queueIds: trace.queueIds,
    messageId: trace.messageId,
    firstSeen: trace.firstSeen,
    lastSeen: trace.lastSeen,
    recipients,
    filter,
    links,
  }));
}

describe('a log is told alike', () => {
  const expected = told(tracesOf(LINES.map(({ time, host, rest }) => `Nov 23 ${time} ${host} ${rest}`)));

  it.each(Object.entries(HEADS))('by %s', (_name, head) => {
    expect(expected).toHaveLength(8);
    expect(told(tracesOf(LINES.map(head)))).toEqual(expected);
  });
});
