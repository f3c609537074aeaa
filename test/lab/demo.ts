/** `npm run lab -- --play`: mail trickles through the running system, and amavtrace follows it. */
import { spawn } from 'node:child_process';
import { program } from './amavtrace.js';
import type { Mail } from './mail.js';
import { pause } from './process.js';
import { sendAll } from './send.js';
import type { System } from './system.js';

const trickle: readonly Mail[] = [
  { to: ['alice@example.com'] },
  { to: ['alice@example.com', 'bob@example.com', 'carol@example.com'] },
  { to: ['bob@example.com'], kind: 'spam' },
  { to: ['frank@example.com', 'dave@example.com'], kind: 'spam' },
  { to: ['team@example.com'] },
  { to: ['x@relay.example.net'] },
  { to: ['carol@example.com'], text: 'LAB-SLEEP-6' },
  { to: ['erin@example.com'], kind: 'virus' },
  { to: ['x@temp.example.net'] },
  { to: ['carol@example.com'], kind: 'banned' },
  { to: ['x@reject.example.net'] },
  { to: ['bob@example.com'], kind: 'bad header' },
];

/** An hour of it: nobody is to find it still running the next day. */
const most = 1800;

/** Ends when the user leaves `amavtrace follow`. */
export async function demonstrate(system: System): Promise<void> {
  await system.configure({}, {});
  const follow = spawn(process.execPath, [program, 'follow', system.syslog.files.maillog, '--no-store'], {
    stdio: 'inherit',
  });
  let over = false;
  const left = new Promise<void>((resolve, reject) => {
    follow.on('error', reject);
    follow.on('exit', () => {
      over = true;
      resolve();
    });
  });
  // Ctrl-C is the follower's to act upon.
  process.on('SIGINT', () => {});
  await Promise.all([left, feed(system, () => over)]);
}

async function feed(system: System, isOver: () => boolean): Promise<void> {
  for (let at = 0; at < most && !isOver(); at += 1) {
    const mail = trickle[at % trickle.length];
    if (mail) await sendAll([mail], { from: `127.0.0.${at % 3 === 0 ? 3 : 2}` });
    // Once in a while amavisd is away for some seconds: the reader sees mail wait, and go on.
    if (at % 20 === 12) await system.amavis.stop();
    if (at % 20 === 16) {
      await system.amavis.start();
      await system.postfix.flush();
    }
    await pause(2_000);
  }
}
