/** The lab's Dovecot: only its LMTP server, into the users' own Maildirs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, Daemon } from './process.js';

export const dovecotPort = 2400;

export class Dovecot {
  readonly #home: string;
  #daemon: Daemon | null = null;

  constructor(root: string) {
    this.#home = join(root, 'dovecot');
  }

  async start(): Promise<void> {
    if (this.#daemon) return;
    mkdirSync(join(this.#home, 'run'), { recursive: true });
    mkdirSync(join(this.#home, 'state'), { recursive: true });
    const config = join(this.#home, 'dovecot.conf');
    writeFileSync(
      config,
      `base_dir = ${this.#home}/run
state_dir = ${this.#home}/state
protocols = lmtp
listen = 127.0.0.1
ssl = no
syslog_facility = mail
hostname = mail.example.com
mail_location = maildir:~/Maildir
first_valid_uid = 6000
first_valid_gid = 6000
auth_username_format = %Ln
recipient_delimiter = +
userdb {
  driver = passwd
}
passdb {
  driver = static
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${dovecotPort}
  }
}
service stats {
  chroot =
}
`,
    );
    const daemon = new Daemon('dovecot', ['-F', '-c', config]);
    this.#daemon = daemon;
    await daemon.until(() => answers(dovecotPort, true));
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = null;
  }
}
