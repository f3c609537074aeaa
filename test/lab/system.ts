/** The whole system: syslog, Postfix, amavis and the next hops, started together and stopped together. */
import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Amavis, type AmavisSetup } from './amavis.js';
import { Dovecot } from './dovecot.js';
import { furnish } from './isolate.js';
import { Postfix, type PostfixSetup } from './postfix.js';
import { pause } from './process.js';
import { Sinks } from './sink.js';
import { Syslog } from './syslog.js';

export class System {
  readonly root: string;
  readonly syslog: Syslog;
  readonly postfix: Postfix;
  readonly amavis: Amavis;
  readonly dovecot: Dovecot;
  readonly sinks = new Sinks();
  /** Set-ups of which `amavtrace check` has said what it thinks. */
  readonly audited = new Set<string>();

  constructor(root: string) {
    this.root = root;
    this.syslog = new Syslog(root);
    this.postfix = new Postfix(root);
    this.amavis = new Amavis(root);
    this.dovecot = new Dovecot(root);
  }

  async start(): Promise<void> {
    await furnish(this.root);
    await this.syslog.start();
    await this.sinks.start();
    await this.amavis.prepare();
    await this.postfix.start();
  }

  async stop(): Promise<void> {
    await this.postfix.stop();
    await this.amavis.stop();
    await this.dovecot.stop();
    await this.sinks.stop();
    await this.syslog.stop();
  }

  /** Makes Postfix and amavis be set up so. */
  async configure(postfix: PostfixSetup, amavis: AmavisSetup): Promise<void> {
    // amavis keeps its connection to 10025 open, and with it an smtpd that has the configuration before.
    if (!isDeepStrictEqual(this.postfix.setup.reinject, postfix.reinject)) await this.amavis.stop();
    await this.postfix.configure(postfix);
    await this.amavis.configure(amavis);
  }

  /**
   * Waits until nothing moves any more: no message on its way and no new line in the log for a while. Messages that
   * are deferred or held may stay. Gives up when mail is on its way but the log has been silent for a minute.
   */
  async settle(): Promise<void> {
    let length = -1;
    let since = Date.now();
    for (;;) {
      const moving = (await this.postfix.queue()).some(
        ({ queue }) => queue !== 'deferred' && queue !== 'hold',
      );
      const now = statSync(this.syslog.files.maillog).size;
      if (now !== length) since = Date.now();
      length = now;
      const silent = Date.now() - since;
      if (!moving && silent > 250) return;
      if (silent > 60_000) throw new Error('mail is on its way, but nothing has been logged for a minute');
      await pause(60);
    }
  }
}
