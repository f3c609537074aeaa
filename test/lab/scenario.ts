/** What a scenario is, and what it can do. */
import type { AmavisSetup } from './amavis.js';
import type { Mail } from './mail.js';
import { compose, nextToken } from './mail.js';
import type { PostfixSetup } from './postfix.js';
import { type Route, record, type Sent, sendAll } from './send.js';
import type { Statements } from './statements.js';
import type { System } from './system.js';
import type { Outcome, Story } from './truth.js';

export interface Scenario {
  readonly name: string;
  readonly note: string;
  readonly postfix?: PostfixSetup;
  readonly amavis?: AmavisSetup;
  /** The errors and warnings, by code, that `amavtrace check` must find in this set-up; none unless told. */
  readonly check?: readonly string[];
  readonly run: (lab: Lab) => Promise<void>;
}

/** What one run of a scenario works with; it remembers what was sent and what must become of it. */
export class Lab {
  readonly system: System;
  readonly stories: Story[] = [];
  readonly statements: Statements;
  readonly #log: () => string;

  /** `log` reads what the log has gained since the scenario began. */
  constructor(system: System, statements: Statements, log: () => string) {
    this.system = system;
    this.statements = statements;
    this.#log = log;
  }

  get log(): string {
    return this.#log();
  }

  /** Sends one message; `outcome` is what must become of it by the scenario's end. */
  async send(mail: Mail, outcome: Outcome | Outcome['recipients'], route: Route = {}): Promise<Sent> {
    const [sent] = await sendAll([mail], route);
    if (!sent) throw new Error('nothing was sent');
    this.expect(sent, outcome);
    return sent;
  }

  /** Sends several over one connection; the same must become of each. */
  async sendAll(
    mails: readonly Mail[],
    outcome: Outcome | Outcome['recipients'],
    route: Route = {},
  ): Promise<Sent[]> {
    const all = await sendAll(mails, route);
    for (const sent of all) this.expect(sent, outcome);
    return all;
  }

  /** Hands one over with sendmail(1). */
  async sendmail(mail: Mail, outcome: Outcome | Outcome['recipients']): Promise<Sent> {
    const token = nextToken();
    await this.system.postfix.sendmail(mail.from ?? 'sender@outside.example', mail.to, compose(mail, token));
    const sent = record(mail, token, null);
    this.expect(sent, outcome);
    return sent;
  }

  expect(sent: Sent, outcome: Outcome | Outcome['recipients']): void {
    const full = isOutcome(outcome) ? outcome : { recipients: outcome };
    this.stories.push({ sent, outcome: full });
  }

  settle(): Promise<void> {
    return this.system.settle();
  }
}

function isOutcome(outcome: Outcome | Outcome['recipients']): outcome is Outcome {
  return typeof outcome === 'object' && 'recipients' in outcome;
}
