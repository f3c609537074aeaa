/** One stage of an import, for the bench: `parse FILE` or `join FILE`, without a store. */
import { EventReader } from '../../src/core/event-reader.js';
import { emptyArchive } from '../../src/core/join/archive.js';
import { Joiner } from '../../src/core/join/joiner.js';
import { MailPath } from '../../src/core/path.js';
import { openInput } from '../../src/read/input.js';
import { compilePatterns } from '../../src/read/pattern-files.js';

const [stage, file = ''] = process.argv.slice(2);
const REST_EVERY = 500;

const joiner = new Joiner(new MailPath(), emptyArchive);
let events = 0;
const reader = new EventReader(
  compilePatterns([]),
  { notAfter: 0, year: 2026, zone: () => 0 },
  {
    event: (event) => {
      if (stage !== 'join') return;
      joiner.apply(event);
      if (++events % REST_EVERY === 0) joiner.rest();
    },
    unrecognized: () => {},
  },
);
for await (const { text } of await openInput(file))
  for (const line of text.split('\n')) if (line !== '') reader.read(line);
reader.end();
