/** Colours and marks, each with a form for terminals that have neither. */
import { styleText } from 'node:util';
import type { Outcome, RecipientState, TraceState } from '../core/trace/trace.js';

export interface Style {
  readonly color: boolean;
  /** Whether the terminal shows characters beyond ASCII. */
  readonly unicode: boolean;
}

export type Tone = 'good' | 'bad' | 'wait' | 'blocked' | 'dim' | 'bold';
type Format = Parameters<typeof styleText>[0];

const FORMATS: Readonly<Record<Tone, Format>> = {
  good: 'green', bad: ['red', 'bold'], wait: 'yellow', blocked: 'magenta', dim: 'dim', bold: 'bold',
}; // biome-ignore format: a table

const MARKS: Readonly<Record<Outcome, readonly [unicode: string, ascii: string]>> = {
  ok: ['✓', '+'],
  failed: ['✗', 'X'],
  deferred: ['!', '!'],
  blocked: ['⊘', '#'],
  pending: ['…', '.'],
};

const TONES: Readonly<Record<Outcome, Tone>> = {
  ok: 'good', failed: 'bad', deferred: 'bad', blocked: 'blocked', pending: 'wait',
}; // biome-ignore format: a table

const OUTCOMES: Readonly<Record<TraceState, Outcome>> = {
  delivered: 'ok', relayed: 'ok', blocked: 'blocked', deferred: 'deferred', bounced: 'failed', expired: 'failed',
  rejected: 'failed', held: 'pending', deleted: 'blocked', filtering: 'pending', queued: 'pending', partial: 'deferred',
}; // biome-ignore format: a table

export function paint(text: string, tone: Tone, { color }: Style): string {
  return color ? styleText(FORMATS[tone], text, { validateStream: false }) : text;
}

/** The sign that tells an outcome without colour. */
export function glyph(outcome: Outcome, { unicode }: Style): string {
  return MARKS[outcome][unicode ? 0 : 1];
}

export function toneOf(outcome: Outcome): Tone {
  return TONES[outcome];
}

export function mark(outcome: Outcome, style: Style): string {
  return paint(glyph(outcome, style), toneOf(outcome), style);
}

export function paintOutcome(text: string, outcome: Outcome, style: Style): string {
  return paint(text, toneOf(outcome), style);
}

export function outcomeOfState(state: RecipientState | TraceState | null): Outcome {
  return state === null ? 'pending' : OUTCOMES[state];
}

/** Text to a width in columns, cut with an ellipsis when it is longer. */
export function clip(text: string, width: number, { unicode }: Style): string {
  if (text.length <= width) return text.padEnd(width);
  return unicode ? `${text.slice(0, width - 1)}…` : `${text.slice(0, Math.max(0, width - 2))}..`;
}
