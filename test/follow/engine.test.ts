import type { Database } from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { MailPath } from '../../src/core/path.js';
import { Engine } from '../../src/follow/engine.js';
import { Diagnosis } from '../../src/ingest/diagnosis.js';
import { openInMemory } from '../../src/store/database.js';
import { Reader } from '../../src/store/reader.js';
import { random } from '../tail/random.js';
import { CATALOGUE, type Contents, contents, imported, PATTERNS, sampleLines, sampleLogs } from './store.js';

const LOG = '/var/log/mail.log';
const MODIFIED = Date.UTC(2026, 10, 24);
/** amavis' pieces are longer than this. */
const LONG = 'x'.repeat(900);

/** A program that begins with what the store has. */
function engineOn(db: Database, year?: number): Engine {
  const path = new MailPath();
  const diagnosis = new Diagnosis(CATALOGUE, path, new Reader(db).knowledge());
  return new Engine({ db, patterns: PATTERNS, path, diagnosis, zone: () => 0, year });
}

/** Follows the lines by programs that are killed, each after having committed as many lines as `length` says. */
function followed(lines: readonly string[], length: () => number, year?: number): Contents {
  const db = openInMemory();
  for (let at = 0; at < lines.length; ) {
    const piece = lines.slice(at, at + length());
    at += piece.length;
    const engine = engineOn(db, year);
    engine.read(LOG, piece, at, MODIFIED);
    engine.commit();
    engine.pack();
    // Read and not committed: for the next one to read.
    engine.read(LOG, lines.slice(at, at + 3), at + 3, MODIFIED);
  }
  const found = contents(db);
  db.close();
  return found;
}

describe('a program killed after a commit leaves what the next one needs', () => {
  test.each(sampleLogs())('after any line of %s', async (name) => {
    const lines = sampleLines(name);

    expect(followed(lines, () => 1)).toEqual(await imported(lines, MODIFIED));
  });

  test.each(sampleLogs())('after pieces of %s', async (name) => {
    const lines = sampleLines(name);
    const chance = random(lines.length);

    expect(followed(lines, () => chance.int(1, 40))).toEqual(await imported(lines, MODIFIED));
  });

  test('in the middle of a line that amavis split', async () => {
    const lines = [
      `Nov 23 00:25:30 vm amavis[15698]: (15698-02) Passed CLEAN {RelayedInbound}, [127.0.0.1]:40190 <sender@outside.example> -> <alice@example.com>, Queue-ID: 29400162640, Message-ID: <T1@outside.example>, mail_id: hnX7ciGL15KY, Hits: -1, size: 401, queued_as: 08406162647, Subject: "${LONG}...`,
      'Nov 23 00:25:30 vm postfix/qmgr[15679]: 29400162640: removed',
      'Nov 23 00:25:30 vm amavis[15698]: (15698-02) ...yy", 849 ms',
    ];

    const found = followed(lines, () => 1);

    expect(found).toEqual(await imported(lines, MODIFIED));
    expect(found.messages[0]?.trace.filter[0]?.durationMs).toBe(849);
  });

  test('between a client before the queue and what became of its message', async () => {
    const lines = [
      'Nov 23 00:31:45 vm postfix/smtpd[24336]: NOQUEUE: client=localhost[127.0.0.1]',
      'Nov 23 00:31:45 vm postfix/smtpd[24336]: proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject, id=24334-02 - spam; from=<sender@outside.example> to=<bob@example.com> proto=ESMTP helo=<client.outside.example>',
    ];

    const found = followed(lines, () => 1);

    expect(found).toEqual(await imported(lines, MODIFIED));
    expect(found.messages[0]?.trace.client?.name).toBe('localhost');
  });

  test('between notices of amavis and the line that tells whose they are', async () => {
    const lines = [
      'Nov 23 00:26:21 vm postfix/smtpd[16958]: F279E162657: client=unknown[192.0.2.1]',
      'Nov 23 00:26:22 vm postfix/cleanup[16961]: 400A1162654: message-id=<VAOeluPQWrD5lk@mail.example.com>',
      'Nov 23 00:26:22 vm postfix/qmgr[16937]: 400A1162654: from=<postmaster@mail.example.com>, size=2146, nrcpt=1 (queue active)',
      'Nov 23 00:26:22 vm postfix/qmgr[16937]: 400A1162654: removed',
      'Nov 23 00:28:22 vm postfix/cleanup[16961]: 41A49162654: message-id=<VSOeluPQWrD5lk@mail.example.com>',
      'Nov 23 00:28:22 vm amavis[16957]: (16957-02) Blocked BANNED (.exe,setup.exe) {BouncedInbound,Quarantined}, [192.0.2.1]:35198 <alice@example.com> -> <carol@example.com>, Queue-ID: F279E162657, mail_id: OeluPQWrD5lk, Hits: -, size: 3433, 113 ms',
    ];

    const found = followed(lines, () => 1);

    expect(found).toEqual(await imported(lines, MODIFIED));
    expect(found.messages.map(({ trace }) => trace.parent?.id)).toEqual([
      'vm/F279E162657/2026-11-23T00:26:21.000Z',
      'vm/F279E162657/2026-11-23T00:26:21.000Z',
      undefined,
    ]);
    expect(found.messages.map(({ trace }) => trace.parent?.queueId)).toEqual([
      'F279E162657',
      'F279E162657',
      undefined,
    ]);
  });

  test('around New Year, in stamps without a year', () => {
    const lines = [
      'Dec 31 23:59:58 vm postfix/pickup[1]: 4A1B2C3D4E5: uid=0 from=<root>',
      'Jan  1 00:00:01 vm postfix/pickup[1]: 4A1B2C3D4E6: uid=0 from=<root>',
      'Jan  2 00:00:01 vm postfix/pickup[1]: 4A1B2C3D4E7: uid=0 from=<root>',
    ];

    const found = followed(lines, () => 1, 2019);

    expect(found.messages.map(({ trace }) => trace.firstSeen.slice(0, 10))).toEqual([
      '2019-12-31',
      '2020-01-01',
      '2020-01-02',
    ]);
  });
});
