import { expect, test } from 'vitest';
import { areCopies, EMPTY, fingerprintOf, hasFingerprint } from '../../src/tail/fingerprint.js';

const LINE = Buffer.from('Nov 23 00:19:14 mx postfix/qmgr[91]: 8BE9416260E: removed\n');
const OTHER = Buffer.from('Nov 23 00:19:14 mx postfix/qmgr[91]: BE6C0162610: removed\n');

test('a file is known by its first bytes, also when it has grown', () => {
  const fingerprint = fingerprintOf(LINE);
  expect(hasFingerprint(LINE, fingerprint)).toBe(true);
  expect(hasFingerprint(Buffer.concat([LINE, OTHER]), fingerprint)).toBe(true);
});

test('another file is not taken for it, nor what is left of it after a truncate', () => {
  const fingerprint = fingerprintOf(LINE);
  expect(hasFingerprint(OTHER, fingerprint)).toBe(false);
  expect(hasFingerprint(LINE.subarray(0, 40), fingerprint)).toBe(false);
});

test('a fragment of a line, which other files may begin with, is known only when it is all there is', () => {
  const fragment = LINE.subarray(0, 30);
  expect(hasFingerprint(fragment, fingerprintOf(fragment))).toBe(true);
  expect(hasFingerprint(LINE, fingerprintOf(fragment))).toBe(false);
});

test('an empty file is nothing to be known by', () => {
  expect(fingerprintOf(Buffer.alloc(0))).toBe(EMPTY);
  expect(hasFingerprint(Buffer.alloc(0), EMPTY)).toBe(false);
  expect(hasFingerprint(LINE, EMPTY)).toBe(false);
});

test('copies are files with the same first line, whatever one has more', () => {
  expect(areCopies(LINE, Buffer.concat([LINE, OTHER]))).toBe(true);
  expect(areCopies(LINE, OTHER)).toBe(false);
  expect(areCopies(LINE.subarray(0, 30), LINE)).toBe(false);
  expect(areCopies(LINE.subarray(0, 30), OTHER.subarray(0, 30))).toBe(true);
  expect(areCopies(Buffer.alloc(0), Buffer.alloc(0))).toBe(false);
});

test.each(['', 'x', '=', '12', '0:abc', '-1:00'])(
  'a fingerprint that is none (%j) matches nothing',
  (text) => {
    expect(hasFingerprint(LINE, text)).toBe(false);
  },
);
