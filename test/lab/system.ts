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
   * are deferred or held may stay.
   */
  async settle(milliseconds = 180_000): Promise<void> {
    const end = Date.now() + milliseconds;
    let quiet = 0;
    let length = -1;
    while (quiet < 4) {
      if (Date.now() > end) throw new Error(`mail still moves after ${milliseconds / 1000} s`);
      const moving = (await this.postfix.queue()).some(
        ({ queue }) => queue !== 'deferred' && queue !== 'hold',
      );
      const now = statSync(this.syslog.files.maillog).size;
      quiet = !moving && now === length ? quiet + 1 : 0;
      length = now;
      await pause(60);
    }
  }
}
