import { audit } from '../check/audit.js';
import { CheckError } from '../check/errors.js';
import { loadAmavis } from '../check/load/amavis.js';
import { findPostconf, loadPostfix } from '../check/load/postfix.js';
import { observeRunning } from '../check/load/running.js';
import { printable } from '../check/printable.js';
import { reportJson, reportText } from '../check/report.js';

/** What a command writes to. */
export interface Output {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly color: boolean;
}

export interface CheckOptions {
  /** Postfix' folder; undefined is the running machine's own. */
  readonly configDir?: string | undefined;
  /** amavis' configuration, files or folders, in the order in which amavisd reads them. */
  readonly amavisdConf?: readonly string[] | undefined;
  /** Ask postconf and the running processes. Default: when no configDir is given and there is a postconf. */
  readonly live?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `amavtrace check`. Returns the exit status: 0, 1 with an error among the findings, 2 when nothing could be read. */
export async function runCheck(options: CheckOptions, output: Output): Promise<number> {
  try {
    const live = options.live ?? options.configDir === undefined;
    const postconf = live ? await findPostconf() : undefined;
    if (options.live === true && postconf === undefined) {
      throw new CheckError('--live needs postconf, which is not there or fails: is Postfix installed here?');
    }
    const instances = await loadPostfix(options.configDir, postconf);
    const { amavis, files } = loadAmavis(options.amavisdConf ?? [], options.configDir);
    const running = postconf === undefined ? null : observeRunning(instances.map(({ instance }) => instance));
    const findings = audit({ instances, amavis, amavisFiles: files, running });
    output.stdout(options.json === true ? reportJson(findings) : reportText(findings, output.color));
    return findings.some(({ severity }) => severity === 'error') ? 1 : 0;
  } catch (error) {
    if (!(error instanceof CheckError)) throw error;
    output.stderr(`amavtrace check: ${printable(error.message)}\n`);
    return 2;
  }
}
