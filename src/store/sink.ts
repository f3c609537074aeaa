/** Where batches go: straight into the database, or through a thread that writes while this one reads on. */
import { Worker } from 'node:worker_threads';
import type { Batch } from './batch.js';
import { openForWriting } from './database.js';
import { explained } from './files.js';
import { Writer } from './writer.js';

export interface Sink {
  /** Resolves when the batch is stored; batches are stored in their order. */
  write(batch: Batch): Promise<void>;
  close(): Promise<void>;
}

export function directSink(file: string): Sink {
  const writer = new Writer(openForWriting(file));
  return {
    write: async (batch) => {
      try {
        writer.write(batch);
      } catch (error) {
        throw explained(file, error);
      }
    },
    close: async () => writer.close(),
  };
}

/** What the writing thread answers to each batch. */
export interface WriteResult {
  readonly error?: { readonly message: string; readonly code: string | undefined };
}

export function threadSink(file: string): Sink {
  const worker = new Worker(new URL('./writer-thread.js', import.meta.url), {
    workerData: { file },
    // What it allocates is gone with each batch.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  const waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  let failure: unknown;
  const failAll = (error: unknown): void => {
    failure = explained(file, error);
    for (const { reject } of waiting.splice(0)) reject(failure);
  };
  worker.on('message', ({ error }: WriteResult) => {
    if (error === undefined) waiting.shift()?.resolve();
    else failAll(Object.assign(new Error(error.message), { code: error.code }));
  });
  worker.on('error', failAll);
  const ended = new Promise<void>((resolve) => worker.on('exit', () => resolve()));
  return {
    write: (batch) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        waiting.push({ resolve, reject });
        worker.postMessage(batch);
      }),
    close: async () => {
      worker.postMessage('end');
      await ended;
    },
  };
}
