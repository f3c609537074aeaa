/** The lab's amavisd: a folder, a configuration and a virus scanner of its own, at the guide's ports. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { answers, Daemon, execute, until } from './process.js';

/** How amavis is set up; what is left out is as in the guide. */
export interface AmavisSetup {
  readonly logLevel?: 0 | 2 | 5;
  readonly children?: number;
  /** A line for each recipient as well, as amavis' own default has it and Debian's has not. */
  readonly recipientLines?: boolean;
  /** Further lines of amavisd.conf. */
  readonly more?: readonly string[];
}

/** A file that amavis put away. */
export interface Quarantined {
  /** As the log names it: `m/spam-mB3O8wdoIRpE.gz`. */
  readonly name: string;
  /** SPAM, VIRUS, BANNED or BADH, as the file's name begins. */
  readonly kind: string;
  readonly mailId: string;
  readonly message: string;
}

/**
 * The scanner. A message that holds `LAB-VIRUS` or the EICAR test pattern is infected with Lab.Test.Sig; `LAB-SLEEP-7` keeps it busy for 7
 * seconds, with the number of the amavis child that waits for it in a file, for those who want to kill that child.
 */
function scanner(folder: string): string {
  return `#!/bin/sh
marks=$(grep -rhoE 'LAB-(VIRUS|SLEEP-[0-9]+)|EICAR-STANDARD-ANTIVIRUS-TEST-FILE' "$1" 2>/dev/null)
case $marks in
  *LAB-SLEEP-*)
    echo "$PPID" > ${folder}/busy/$$
    sleep "\${marks##*LAB-SLEEP-}"
    rm -f ${folder}/busy/$$ ;;
esac
case $marks in
  *LAB-VIRUS* | *EICAR*)
    echo "FOUND: Lab.Test.Sig"
    exit 1 ;;
esac
exit 0
`;
}

/** Few of SpamAssassin's own rules: all of them would cost half the lab's time. */
const spamRules = ['10_default_prefs.cf', '20_body_tests.cf', '20_head_tests.cf'];

export class Amavis {
  readonly #home: string;
  /** Its amavisd.conf. */
  readonly config: string;
  #daemon: Daemon | null = null;
  #setup: AmavisSetup = {};

  constructor(root: string) {
    this.#home = join(root, 'amavis');
    this.config = join(this.#home, 'etc', 'amavisd.conf');
  }

  async prepare(): Promise<void> {
    for (const folder of ['tmp', 'db', 'quarantine', 'busy', 'bin', 'etc', 'etc/rules']) {
      mkdirSync(join(this.#home, folder), { recursive: true });
    }
    // Two children that both find such a folder missing get in each other's way.
    for (const letter of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_+') {
      mkdirSync(join(this.#home, 'quarantine', letter));
    }
    writeFileSync(join(this.#home, 'bin', 'scan'), scanner(this.#home), { mode: 0o755 });
    for (const name of spamRules) {
      copyFileSync(join('/usr/share/spamassassin', name), join(this.#home, 'etc', 'rules', name));
    }
    writeFileSync(
      join(this.#home, 'etc', 'rules', 'local.cf'),
      'use_bayes 0\nscore GTUBE 1000\nscore ALL_TRUSTED -1\n',
    );
    await execute('chown', ['-R', 'amavis:amavis', this.#home]);
    // Where amavisd-release looks for the socket, whatever the configuration says.
    await execute('mount', ['--bind', this.#home, '/var/lib/amavis']);
    // amavis refuses a configuration that its own user could write.
    await execute('chown', ['-R', 'root:root', join(this.#home, 'etc'), join(this.#home, 'bin')]);
  }

  /** Makes it run with this set-up; does nothing when it does already. */
  async configure(setup: AmavisSetup): Promise<void> {
    if (this.#daemon && isDeepStrictEqual(this.#setup, setup)) return;
    await this.stop();
    writeFileSync(this.config, this.#text(setup));
    this.#setup = setup;
    await this.start();
  }

  /** Starts it as it was last set up. */
  async start(): Promise<void> {
    const daemon = new Daemon('amavisd', ['-c', this.config, 'foreground']);
    this.#daemon = daemon;
    try {
      await daemon.until(() => answers(10024, true), 30_000);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#daemon?.stop();
    this.#daemon = null;
  }

  /** The processes that wait for the scanner with a message in hand. */
  busy(): number[] {
    return readdirSync(join(this.#home, 'busy')).map((name) =>
      Number(readFileSync(join(this.#home, 'busy', name), 'latin1').trim()),
    );
  }

  /** Kills the one child that has a message in hand, as a machine short of memory would. */
  async killBusy(): Promise<void> {
    await until(() => this.busy().length > 0, 'an amavis child to be busy');
    for (const pid of this.busy()) process.kill(pid, 'SIGKILL');
    rmSync(join(this.#home, 'busy'), { recursive: true });
    mkdirSync(join(this.#home, 'busy'));
    await execute('chown', ['amavis:amavis', join(this.#home, 'busy')]);
  }

  /** Releases a quarantined message, as an administrator does. */
  async release(name: string): Promise<void> {
    await execute('amavisd-release', [name]);
  }

  /** Every file in the quarantine. */
  async quarantine(): Promise<Quarantined[]> {
    const folder = join(this.#home, 'quarantine');
    const found: Quarantined[] = [];
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const file = /(?:^|\/)(?<kind>[a-z]+)-(?<mailId>[A-Za-z0-9_+-]{11,})\.gz$/.exec(name);
      const { kind, mailId } = file?.groups ?? {};
      if (kind === undefined || mailId === undefined) continue;
      const message = await execute('gzip', ['-dc', join(folder, name)]);
      found.push({ name, kind: kind.toUpperCase(), mailId, message });
    }
    return found;
  }

  emptyQuarantine(): void {
    const folder = join(this.#home, 'quarantine');
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (name.includes('/')) rmSync(join(folder, name));
    }
  }

  #text(setup: AmavisSetup): string {
    const home = this.#home;
    return `use strict;
$max_servers = ${setup.children ?? 2};
$daemon_user = 'amavis';
$daemon_group = 'amavis';
$mydomain = 'example.com';
$myhostname = 'mail.example.com';
$MYHOME = '${home}';
$TEMPBASE = "$MYHOME/tmp";
$ENV{TMPDIR} = $TEMPBASE;
$QUARANTINEDIR = "$MYHOME/quarantine";
$quarantine_subdir_levels = 1;
$db_home = "$MYHOME/db";
$helpers_home = $MYHOME;
$lock_file = "$MYHOME/amavisd.lock";
$pid_file = "$MYHOME/amavisd.pid";
$enable_db = 0;
$enable_zmq = 0;
$do_syslog = 1;
$syslog_facility = 'mail';
$log_level = ${setup.logLevel ?? 0};
${setup.recipientLines ? '' : '$log_recip_templ = undef;'}

$inet_socket_bind = '127.0.0.1';
$inet_socket_port = 10024;
$forward_method = 'smtp:[127.0.0.1]:10025';
$notify_method = $forward_method;
$unix_socketname = "$MYHOME/amavisd.sock";
$interface_policy{'SOCK'} = 'AM.PDP-SOCK';
$policy_bank{'AM.PDP-SOCK'} = { protocol => 'AM.PDP', auth_required_release => 0 };

@local_domains_maps = ( [ 'example.com', '.example.com' ] );
@mynetworks = qw( 127.0.0.1/32 );
$sa_local_tests_only = 1;
$sa_configpath = "$MYHOME/etc/rules";
$sa_tag_level_deflt = -999;
$sa_tag2_level_deflt = 6.2;
$sa_kill_level_deflt = 6.9;
$sa_spam_subject_tag = undef;
$sa_mail_body_size_limit = 400*1024;

$final_virus_destiny = D_DISCARD;
$final_banned_destiny = D_BOUNCE;
$final_spam_destiny = D_DISCARD;
$final_bad_header_destiny = D_PASS;
$spam_quarantine_method = 'local:spam-%m.gz';
$virus_quarantine_method = 'local:virus-%m.gz';
$banned_files_quarantine_method = 'local:banned-%m.gz';
$bad_header_quarantine_method = undef;
$banned_filename_re = new_RE( qr'\\.(exe|scr|pif)$'i );

# Who gets what instead: bounced to dave, rejected to erin; frank takes his spam, tagged.
$final_destiny_maps_by_ccat{+CC_SPAM} =
  [ { 'dave@example.com' => D_BOUNCE, 'erin@example.com' => D_REJECT, 'frank@example.com' => D_PASS }, D_DISCARD ];

@keep_decoded_original_maps = ( new_RE( qr'^MAIL$' ) );
@decoders = ( ['mail', \\&do_mime_decode] );
@av_scanners = ( ['Lab-AV', '${home}/bin/scan', '{}', [0], [1], qr/^FOUND: (\\S+)/m] );
@av_scanners_backup = ();
${(setup.more ?? []).join('\n')}
1;
`;
  }
}
