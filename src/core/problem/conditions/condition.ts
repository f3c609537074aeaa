import type { Event } from '../../event.js';
import type { Story } from '../story.js';

/** What a condition found in a trace. */
export interface Finding {
  /** The events that show it, in their order. */
  readonly events: readonly Event[];
  /** How often it happened, where that is not the number of events. */
  readonly count?: number;
  /** Whether it was overcome, where the entry's own rule can't tell. */
  readonly resolved?: boolean;
  /** Lines of no message that show it, too. */
  readonly system?: readonly string[];
  /** For the placeholders of the entry's texts. */
  readonly values?: Readonly<Record<string, string>>;
}

/** A named condition on one message and what is known around it; undefined: it does not hold. */
export type Condition = (story: Story) => Finding | undefined;
