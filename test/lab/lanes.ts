/**
 * The run outside: it hands the scenarios to two lanes, each a whole system closed off from the other, because a system
 * mostly waits; then once more to a third those that failed.
 */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { inFolder, startInside } from './isolate.js';
import { isGood, type Report, reportText, sum } from './report.js';

/** What a lane says to the run outside: that it is idle, or what something came to. */
export type FromLane = { readonly idle: true } | { readonly report: Report };

/** The answer to an idle lane: what it plays next; null: nothing more. */
export interface ToLane {
  readonly play: string | null;
}

/** Plays the scenarios and prints what they came to. Resolves to whether everything was as it must be. */
export function playAll(names: readonly string[]): Promise<boolean> {
  return inFolder(async (folder, watch) => {
    const run = async (which: readonly string[], lanes: readonly string[]): Promise<Report[]> => {
      const waiting = [...which];
      const reports: Report[] = [];
      const serving = lanes.slice(0, which.length).map((lane) => {
        const child = startInside(join(folder, lane));
        watch(child);
        return serve(child, waiting, (report) => {
          reports.push(report);
          console.log(reportText(report));
        });
      });
      await Promise.all(serving);
      return reports;
    };
    const first = await run(names, ['one', 'two']);
    const failed = first.flatMap((report) => (isGood(report) ? [] : (report.scenario ?? [])));
    if (failed.length === 0) return conclude(first);
    // Real daemons on a busy machine now and then miss a beat.
    console.log(`lab: these failed and are played once more: ${failed.join(', ')}`);
    const second = await run(failed, ['again']);
    const right = second.flatMap((report) => (isGood(report) ? (report.scenario ?? []) : []));
    if (right.length > 0) console.log(`lab: right only the second time: ${right.join(', ')}`);
    const kept = first.filter(({ scenario }) => scenario === null || !failed.includes(scenario));
    return conclude([...kept, ...second]);
  });
}

/** Serves a lane until it ends; rejects when it ends otherwise than by having done its part. */
function serve(child: ChildProcess, waiting: string[], take: (report: Report) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('message', (message: FromLane) => {
      if ('report' in message) take(message.report);
      else child.send({ play: waiting.shift() ?? null } satisfies ToLane);
    });
    child.on('close', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`a lane ended before its time, with status ${status ?? 'of a signal'}`));
    });
  });
}

function conclude(reports: readonly Report[]): boolean {
  const { messages, chains, ids, states, statements } = sum(reports.map(({ counts }) => counts));
  const wrong = reports.reduce(
    (count, { faults, differences }) => count + faults.length + differences.length,
    0,
  );
  const played = reports.filter(({ scenario }) => scenario !== null).length;
  console.log(
    [
      `lab: ${played} scenarios, ${messages} messages sent`,
      `lab: compared: ${chains} chains, ${ids} ids on them, ${states} recipient states; ${statements} statements of check, probe and stuck`,
      `lab: ${wrong} wrong`,
    ].join('\n'),
  );
  return wrong === 0;
}
