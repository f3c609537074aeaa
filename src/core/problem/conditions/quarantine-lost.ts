import { blockedByFilter, replyOf } from '../../response.js';
import type { Condition, Finding } from './condition.js';

/** The same words stand before a notice that could not be sent. */
const FAILED = /\bquar\+notif FAILED\b(?!: temporarily unable to notify )/;
const EVIDENCE = /\bPRESERVING EVIDENCE in (\/\S+)/;

/**
 * amavis failed at its quarantine, and Postfix was told all the same that the message is taken: it had decided to
 * discard it or to send it back before (Amavis.pm, check_mail).
 */
export const quarantineLost: Condition = (story): Finding | undefined => {
  const failed = story.of('amavis.note').filter(({ text }) => FAILED.test(text));
  if (failed.length === 0) return undefined;
  const taken = story.feeds.filter((event) => {
    if (event.status !== 'sent' || !blockedByFilter(event.response)) return false;
    const { amavisId } = replyOf(event);
    return failed.some((note) => note.amavisId === amavisId);
  });
  if (taken.length === 0) return undefined;
  const runs = new Set(taken.map((event) => replyOf(event).amavisId));
  const notes = failed.filter(({ amavisId }) => runs.has(amavisId));
  const [directory] = story
    .of('amavis.note')
    .flatMap(({ amavisId, text }) => (runs.has(amavisId) ? (EVIDENCE.exec(text)?.[1] ?? []) : []));
  const values = directory === undefined ? {} : { directory };
  return { events: [...notes, ...taken], count: runs.size, values };
};
