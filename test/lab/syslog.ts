/** The lab's rsyslogd: it writes every line at once in the three shapes that mail logs have. */
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from './process.js';

/** Where rsyslogd writes: RFC 3164 (Debian's and RHEL's old default), RFC 3339 (today's default) and RFC 5424. */
export interface LogFiles {
  readonly maillog: string;
  readonly rfc3339: string;
  readonly rfc5424: string;
}

export class Syslog {
  readonly files: LogFiles;
  readonly #folder: string;
  #daemon: Daemon | null = null;

  constructor(root: string) {
    this.#folder = join(root, 'log');
    this.files = {
      maillog: join(this.#folder, 'maillog'),
      rfc3339: join(this.#folder, 'maillog.rfc3339'),
      rfc5424: join(this.#folder, 'maillog.rfc5424'),
    };
  }

  async start(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    const outputs = [
      [this.files.maillog, 'RSYSLOG_TraditionalFileFormat'],
      [this.files.rfc3339, 'RSYSLOG_FileFormat'],
      [this.files.rfc5424, 'RSYSLOG_SyslogProtocol23Format'],
    ];
    const config = join(this.#folder, 'rsyslog.conf');
    writeFileSync(
      config,
      [
        `global(workDirectory="${this.#folder}")`,
        'module(load="imuxsock" SysSock.Name="/dev/log" SysSock.RateLimit.Interval="0")',
        ...outputs.map(
          ([file, template]) => `mail.* action(type="omfile" file="${file}" template="${template}")`,
        ),
        '',
      ].join('\n'),
    );
    for (const [file] of outputs) if (file) writeFileSync(file, '');
    this.#daemon = new Daemon('rsyslogd', ['-n', '-f', config, '-i', join(this.#folder, 'pid')]);
    await this.#daemon.until(() => existsSync('/dev/log'));
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = null;
  }

  /** How long each file is now, in bytes. */
  sizes(): Record<keyof LogFiles, number> {
    return {
      maillog: statSync(this.files.maillog).size,
      rfc3339: statSync(this.files.rfc3339).size,
      rfc5424: statSync(this.files.rfc5424).size,
    };
  }
}
