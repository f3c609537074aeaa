import { UserError } from '../../user-error.js';
import type { Configuration } from '../setup.js';
import { loadAmavis } from './amavis.js';
import { findPostconf, loadPostfix } from './postfix.js';
import { observeRunning } from './running.js';

export interface Sources {
  /** Postfix' folder; undefined is the running machine's own. */
  readonly configDir?: string | undefined;
  /** amavis' configuration, files or folders, in the order in which amavisd reads them. */
  readonly amavisdConf?: readonly string[] | undefined;
  /** Ask postconf and the running processes. Default: when no configDir is given and there is a postconf. */
  readonly live?: boolean | undefined;
}

/** @throws UserError where something that was named, or Postfix' files, can't be read. */
export async function loadConfiguration({ configDir, amavisdConf, live }: Sources): Promise<Configuration> {
  const postconf = (live ?? configDir === undefined) ? await findPostconf() : undefined;
  if (live === true && postconf === undefined) {
    throw new UserError('--live needs postconf, which is not there or fails', 'Is Postfix installed here?');
  }
  const instances = await loadPostfix(configDir, postconf);
  const { amavis, files } = loadAmavis(amavisdConf ?? [], configDir);
  const running = postconf === undefined ? null : observeRunning(instances.map(({ instance }) => instance));
  return { instances, amavis, amavisFiles: files, running };
}
