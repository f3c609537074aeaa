#!/usr/bin/env node
// React's development build keeps a record of every render; this must be said before anything imports it.
process.env['NODE_ENV'] ??= 'production';

const { main } = await import('./main.js');
process.exitCode = await main(process.argv.slice(2));
