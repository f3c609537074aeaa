/** Which file of the quarantine is meant, where a message is in it more than once. */
import { describe, expect, it } from 'vitest';
import { KEPT_FROM_SOME } from '../support/kept-from-some.js';
import { diagnosed } from './helpers.js';

describe('a message that two filters put into the quarantine', () => {
  it('is to be released from where it was kept back', () => {
    const [trace] = diagnosed(KEPT_FROM_SOME).traces;
    const unseen = trace?.problems.find(({ code }) => code === 'quarantined-unseen');
    expect(unseen?.summary).toContain('N/spam-NaGLPoStDLaY.gz');
    expect(unseen?.fix).toContain('amavisd-release N/spam-NaGLPoStDLaY.gz');
  });
});
