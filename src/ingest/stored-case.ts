/** A row of the store as the case that it was. */
import type { Event } from '../core/event.js';
import type { StoredCase } from '../core/join/archive.js';
import type { ChildRef, ParentRef } from '../core/join/node.js';
import type { PatternSet } from '../core/pattern.js';
import type { Link } from '../core/trace/trace.js';
import type { Row } from '../store/reader.js';
import type { StoredLine } from '../store/segment.js';
import { replay } from './replay.js';

/** What a trace's own lines don't tell, as JSON in its row. */
export interface Extra {
  readonly parent: ParentRef | null;
  readonly children: readonly ChildRef[];
  readonly likely: readonly Link[];
}

export function extraOf({ parent, children, likely }: Extra): string | null {
  if (parent === null && children.length === 0 && likely.length === 0) return null;
  return JSON.stringify({ parent, children, likely });
}

/** Where a row's lines are. */
interface Lines {
  linesOf(row: Row): readonly StoredLine[];
}

export function storedCase(row: Row, lines: Lines, patterns: PatternSet): StoredCase {
  const extra = row.extra === null ? undefined : (JSON.parse(row.extra) as Extra);
  let events: readonly Event[] | undefined;
  return {
    ref: row.id,
    // Who only wants to know which case it is does not need them.
    get events() {
      events ??= replay(lines.linesOf(row), patterns);
      return events;
    },
    parent: extra?.parent ?? null,
    children: extra?.children ?? [],
    likely: extra?.likely ?? [],
  };
}
