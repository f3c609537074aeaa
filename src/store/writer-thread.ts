/** The thread behind `threadSink`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Batch } from './batch.js';
import { openForWriting } from './database.js';
import type { WriteResult } from './sink.js';
import { Writer } from './writer.js';

const { file } = workerData as { readonly file: string };
const writer = new Writer(openForWriting(file));

parentPort?.on('message', (message: Batch | 'end') => {
  if (message === 'end') {
    writer.close();
    parentPort?.close();
    return;
  }
  const result: WriteResult = {};
  try {
    writer.write(message);
    parentPort?.postMessage(result);
  } catch (error) {
    const { message: text, code } = error as Error & { code?: string };
    parentPort?.postMessage({ error: { message: text, code } } satisfies WriteResult);
  }
});
