// A reader with a store: a file that gets one record a batch, lines and checkpoint in one write. Meant to be killed.
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { follow } from '../../src/tail/follow.js';

const [path = '', store = ''] = process.argv.slice(2);
const records = existsSync(store) ? readFileSync(store, 'utf8').split('\n').filter(Boolean) : [];
const last = records.at(-1);
const fd = openSync(store, 'a');
const checkpoints = last === undefined ? [] : [JSON.parse(last).checkpoint];
for await (const { lines, checkpoint } of follow([path], { checkpoints, from: 'start' })) {
  writeSync(fd, `${JSON.stringify({ lines, checkpoint })}\n`);
}
