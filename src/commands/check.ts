import { audit } from '../check/audit.js';
import { CheckError } from '../check/errors.js';
import { loadConfiguration, type Sources } from '../check/load/configuration.js';
import { printable } from '../check/printable.js';
import { reportJson, reportText } from '../check/report.js';
import type { Output } from './output.js';

export interface CheckOptions extends Sources {
  readonly json?: boolean | undefined;
}

/** `amavtrace check`. Returns the exit status: 0, 1 with an error among the findings, 2 when nothing could be read. */
export async function runCheck(options: CheckOptions, output: Output): Promise<number> {
  try {
    const findings = audit(await loadConfiguration(options));
    output.stdout(options.json === true ? reportJson(findings) : reportText(findings, output.color));
    return findings.some(({ severity }) => severity === 'error') ? 1 : 0;
  } catch (error) {
    if (!(error instanceof CheckError)) throw error;
    output.stderr(`amavtrace check: ${printable(error.message)}\n`);
    return 2;
  }
}
