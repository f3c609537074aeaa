/** `amavtrace stuck --queue` beside the live queue. */
import { linkSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Disagreement } from '../../../src/core/problem/queue.js';
import type { StuckGroup, StuckMessage } from '../../../src/core/problem/stuck.js';
import { amavtrace, jsonLines } from '../amavtrace.js';
import { execute } from '../process.js';
import type { Lab, Scenario } from '../scenario.js';
import { idOf } from '../send.js';

/**
 * The filter is down. Of what waits, one message is put on hold, one vanishes from the queue without a line, one is
 * back in the queue after its deletion was logged, and of one the log has nothing.
 */
async function besideQueue(lab: Lab): Promise<void> {
  const { postfix, amavis, root } = lab.system;
  await amavis.stop();
  const send = async (to: string, recipients: 'deferred' | 'held' | 'deleted', ...problems: string[]) => {
    const outcome = { recipients, problems: ['filter-refused', ...problems] };
    return idOf(await lab.send({ to: [to] }, outcome));
  };
  const waits = await send('alice@example.com', 'deferred');
  const held = await send('bob@example.com', 'held', 'held');
  const vanished = await send('carol@example.com', 'deferred');
  const undead = await send('dave@example.com', 'deleted', 'deleted');
  const unlogged = await send('erin@example.com', 'deferred');
  await lab.settle();
  const due = statSync(postfix.deferredFile(waits)).mtimeMs;

  // Kept under another name, each can come back as the same file.
  const kept = (id: string) => join(root, `kept-${id}`);
  for (const id of [vanished, undead]) linkSync(postfix.deferredFile(id), kept(id));
  rmSync(postfix.deferredFile(vanished));
  await postfix.super('-h', held);
  await postfix.super('-d', undead);
  await lab.settle();
  linkSync(kept(undead), postfix.deferredFile(undead));

  const log = join(root, 'stuck.log');
  const lines = lab.log.split('\n').filter((line) => !line.includes(unlogged));
  writeFileSync(log, lines.join('\n'));
  const db = ['--db', join(root, 'stuck.db')];
  await amavtrace(['import', log, ...db]);
  const { status, stdout } = await amavtrace(['stuck', '--queue', '--json', ...db]);
  const said = jsonLines<StuckGroup | Disagreement>(stdout);
  const groups = said.filter((one) => 'messages' in one);
  const messages = groups.flatMap((group) => group.messages);
  lab.statements.same('stuck, exit status', status, 1);
  lab.statements.same(
    'stuck, groups',
    groups.map(({ code }) => code),
    ['filter-refused'],
  );
  lab.statements.same('stuck, messages', idsOf(messages), [waits, vanished].sort());
  const next = messages.find(({ queueId }) => queueId === waits)?.nextAttempt ?? '';
  lab.statements.same('stuck, next attempt', Math.abs(Date.parse(next) - due) < 2000 ? due : next, due);
  lab.statements.same(
    'stuck, log and queue',
    said.flatMap((one) => ('kind' in one ? `${one.kind} ${one.queueId}` : [])).sort(),
    [`finished ${undead}`, `gone ${vanished}`, `unknown ${unlogged}`],
  );

  const inWords = await amavtrace(['stuck', '--queue', ...db]);
  const parts = [`filter-refused on mail: 2 messages`, 'next not before', 'Log and queue disagree'];
  lab.statements.same(
    'stuck in words',
    parts.filter((part) => !inWords.stdout.includes(part)),
    [],
  );
  await otherInstance(lab, db, [waits, held, vanished]);

  linkSync(kept(vanished), postfix.deferredFile(vanished));
  rmSync(postfix.deferredFile(undead));
}

/** MAIL_CONFIG names the folder of another Postfix, whose queue is empty. */
async function otherInstance(lab: Lab, db: readonly string[], open: readonly string[]): Promise<void> {
  const { root } = lab.system;
  const folder = join(root, 'other');
  mkdirSync(join(folder, 'queue'), { recursive: true });
  await execute('cp', ['-a', '/etc/postfix/.', folder]);
  await execute('postconf', ['-c', folder, '-e', `queue_directory=${folder}/queue`]);
  // Makes the queue's folders.
  await execute('postfix', ['-c', folder, 'check']);
  const { stdout, stderr } = await amavtrace(['stuck', '--queue', '--json', ...db], { MAIL_CONFIG: folder });
  lab.statements.same('stuck of another instance, complaints', stderr, '');
  lab.statements.same(
    'stuck of another instance',
    jsonLines<StuckGroup | Disagreement>(stdout)
      .flatMap((one) => ('kind' in one ? `${one.kind} ${one.queueId}` : []))
      .sort(),
    open.map((id) => `gone ${id}`).sort(),
  );
}

function idsOf(messages: readonly StuckMessage[]): (string | null)[] {
  return messages.map(({ queueId }) => queueId).sort();
}

export const stuck: readonly Scenario[] = [
  { name: 'stuck_queue', note: 'stuck --queue: deferred, held, vanished, not in the log', run: besideQueue },
];
