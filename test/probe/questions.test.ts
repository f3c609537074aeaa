import { describe, expect, test } from 'vitest';
import type { InetEndpoint } from '../../src/check/endpoint.js';
import type { Process } from '../../src/probe/process.js';
import { portQuestions } from '../../src/probe/questions.js';
import type { Listening } from '../../src/probe/system.js';

const TARGET: InetEndpoint = { kind: 'inet', host: '127.0.0.1', bracketed: true, port: 10_024 };
const REFUSED = { kind: 'refused', text: 'connection refused', reply: null } as const;
const AMAVISD: Process = { pid: 31, name: 'amavisd-new', daemon: 'amavisd' };
const NGINX: Process = { pid: 9, name: 'nginx', daemon: null };

const socket = (port: number, holders: readonly Process[], address = '127.0.0.1'): Listening => ({
  address,
  port,
  holders,
});

/** The answers to whether amavisd runs, and to whether something listens. */
async function ask(
  listening: readonly Listening[] | null,
  processes: readonly Process[] | null,
  target = TARGET,
) {
  const system = { listening: () => listening, processes: () => processes };
  const sources = { system, setup: null, lastSaid: async () => null };
  const answers = await portQuestions('filter', target, REFUSED, sources);
  return answers.slice(0, 2).map(({ answer }) => answer);
}

describe('of several amavisd on a machine, the answer is about the one that should listen at the port', () => {
  test('it is the one that listens there', async () => {
    expect(await ask([socket(10_024, [NGINX, AMAVISD])], [NGINX, AMAVISD])).toEqual([
      'yes: amavisd-new (process 31) listens on port 10024',
      'yes: port 10024 is bound to 127.0.0.1 by nginx (process 9)',
    ]);
  });

  test('one that listens elsewhere is named with its ports', async () => {
    expect(await ask([socket(10_026, [AMAVISD]), socket(25, [])], [AMAVISD])).toEqual([
      'yes, but not at this port: amavisd-new (process 31) has 127.0.0.1:10026',
      'no, nothing listens on port 10024',
    ]);
  });

  test('another program may have its port', async () => {
    expect(await ask([socket(10_024, [NGINX], '0.0.0.0')], [NGINX, AMAVISD])).toEqual([
      'no: port 10024 belongs to nginx (process 9)',
      'yes: port 10024 is bound to 0.0.0.0 by nginx (process 9)',
    ]);
  });

  test('one at another address is not at this one', async () => {
    expect(await ask([socket(10_024, [AMAVISD], '::1')], [AMAVISD])).toEqual([
      'yes, but not at this port: amavisd-new (process 31) has [::1]:10024',
      'not at this address: port 10024 is bound to ::1 by amavisd-new (process 31)',
    ]);
  });

  test('who listens is not seen by everybody: then the list of processes is all there is, and said to be', async () => {
    expect((await ask([socket(10_024, [])], [AMAVISD]))[0]).toBe(
      'maybe: by the list of processes there is amavisd-new (process 31); whether it is what listens on port 10024 only root can see',
    );
    expect((await ask([], [AMAVISD]))[0]).toBe(
      'maybe: by the list of processes there is amavisd-new (process 31); it is not seen to listen on port 10024',
    );
  });

  test('none at all', async () => {
    expect(await ask([], [NGINX])).toEqual([
      'no: start it with "systemctl start amavis"',
      'no, nothing listens on port 10024',
    ]);
  });

  test('nothing of this is known of another machine, or without /proc', async () => {
    expect(await ask([], [], { ...TARGET, host: '192.0.2.1' })).toEqual([
      'unknown: 192.0.2.1 is another machine',
      'unknown: 192.0.2.1 is another machine',
    ]);
    expect(await ask(null, null)).toEqual([
      'unknown: the processes can not be listed here',
      'unknown: /proc/net/tcp can not be read here',
    ]);
  });
});
