// A logger: writes numbered lines to the file named, until SIGTERM; then tells how many. SIGHUP: reopens.
import { openSync, writeSync } from 'node:fs';

const path = process.argv[2] ?? '';
let fd = openSync(path, 'a');
let number = 0;
process.on('SIGHUP', () => {
  fd = openSync(path, 'a');
  process.stdout.write('reopened\n');
});
process.on('SIGTERM', () => {
  process.stdout.write(`${number}\n`);
  process.exit();
});
setInterval(() => {
  for (let i = 0; i < 10; i++) {
    number += 1;
    writeSync(fd, `Nov 23 00:19:14 mx postfix/smtp[91]: line ${number}\n`);
  }
}, 5);
process.stdout.write('ready\n');
