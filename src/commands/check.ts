import { audit } from '../check/audit.js';
import { loadConfiguration, type Sources } from '../check/load/configuration.js';
import { reportJson, reportText } from '../check/report.js';
import type { Options, Run } from './command.js';
import { flag, text, texts } from './options.js';

/** Exit status 1 when there is an error among the findings. */
export const run: Run = async (_args, options, io) => {
  const findings = audit(await loadConfiguration(sources(options)));
  io.out(flag(options, 'json') ? reportJson(findings) : reportText(findings, io));
  return findings.some(({ severity }) => severity === 'error') ? 1 : 0;
};

/** Where the configuration is, as check and probe are told alike. */
export function sources(options: Options): Sources {
  return {
    configDir: text(options, 'configDir'),
    amavisdConf: texts(options, 'amavisdConf'),
    live: flag(options, 'live') ? true : undefined,
  };
}
