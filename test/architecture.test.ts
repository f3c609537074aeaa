/** Who may import whom: the core knows nothing of the world, and what is heavy is loaded only when it is needed. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

interface Import {
  readonly file: string;
  /** A path below src, or a package's name. */
  readonly target: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));
const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)[^;]*? from '([^']+)';/gm)].map(([, from = '']) => ({
    file,
    target: from.startsWith('.') ? relative(SRC, join(SRC, dirname(file), from)) : from,
  }));
});

function breaking(rule: (one: Import) => boolean): string[] {
  return imports.filter(rule).map(({ file, target }) => `${file} imports ${target}`);
}

describe('the folders', () => {
  it('core imports only core', () => {
    expect(breaking(({ file, target }) => file.startsWith('core/') && !target.startsWith('core/'))).toEqual(
      [],
    );
  });

  it('core reads no clock', () => {
    const clocks = files.filter(
      (file) =>
        file.startsWith('core/') &&
        /Date\.now\(|new Date\(\)|performance\.now/.test(readFileSync(join(SRC, file), 'utf8')),
    );
    expect(clocks).toEqual([]);
  });

  it('only store speaks to SQLite', () => {
    expect(
      breaking(
        ({ file, target }) =>
          target === 'better-sqlite3' && !file.startsWith('store/') && !typeOnly(file, target),
      ),
    ).toEqual([]);
  });

  it('tail and read know nothing of mail or of the store', () => {
    expect(
      breaking(
        ({ file, target }) =>
          /^(?:tail|read)\//.test(file) && /^(?:store|ingest|commands|follow)\//.test(target),
      ),
    ).toEqual([]);
  });

  it('the terminal UI’s packages are imported by the terminal UI alone, and it by nobody at start', () => {
    const ui = /^(?:ink|react)(?:\/|$)/;
    expect(breaking(({ file, target }) => ui.test(target) && !file.startsWith('tui/'))).toEqual([]);
    expect(breaking(({ file, target }) => target.startsWith('tui/') && !file.startsWith('tui/'))).toEqual([]);
  });
});

function typeOnly(file: string, target: string): boolean {
  return readFileSync(join(SRC, file), 'utf8').includes(`import type { Database } from '${target}'`);
}
