/** The commands, in the order in which help shows them. */
import type { CommandSpec } from './command.js';
import { STATES } from './states.js';

type OptionSpec = CommandSpec['options'][number];

const DB: OptionSpec = {
  flags: '--db <file>',
  help: 'the database (default: $AMAVTRACE_DB, else ~/.local/state/amavtrace/traces.db)',
};
const JSON_OUT: OptionSpec = { flags: '--json', help: 'JSON, one object a line' };
const NO_COLOR: OptionSpec = { flags: '--no-color', help: 'no colours (also: NO_COLOR)' };
const TZ: OptionSpec = {
  flags: '--tz <zone>',
  help: 'time zone of stamps without one, and of what is shown (default: the machine’s)',
};
const YEAR: OptionSpec = {
  flags: '--year <yyyy>',
  help: 'year of the oldest log’s first line, where stamps have none',
};
const FILTER: OptionSpec = {
  flags: '--filter <host:port>',
  help: 'the filter’s address (default: learnt from the log, :10024)',
  many: true,
};
const REINJECT: OptionSpec = {
  flags: '--reinject <host:port>',
  help: 'where the filter gives mail back (default: :10025)',
  many: true,
};
const PATTERNS: OptionSpec = {
  flags: '--patterns <dir>',
  help: 'more patterns, tried before the built-in ones',
};
/** Those that amavis has in its own template. */
const VERDICTS = [
  'CLEAN', 'SPAMMY', 'SPAM', 'INFECTED', 'BANNED', 'BAD-HEADER', 'UNCHECKED', 'OVERSIZED', 'MTA-BLOCKED', 'OTHER',
  'TEMPFAIL',
]; // biome-ignore format: a list of words
const STUCK_AFTER: OptionSpec = {
  flags: '--stuck-after <time>',
  help: 'open and without progress for so long is stuck (default: 5m)',
};
const CONFIGURATION: readonly OptionSpec[] = [
  { flags: '--config-dir <dir>', help: 'Postfix’ folder (default: this machine’s)' },
  {
    flags: '--amavisd-conf <file...>',
    help: 'amavisd.conf, or a conf.d folder; several in the order that amavisd reads them',
    many: true,
  },
  { flags: '--live', help: 'ask postconf and what runs (default: without --config-dir)' },
];
const COMMON = [DB, JSON_OUT, NO_COLOR, TZ, FILTER, REINJECT, PATTERNS] as const;

export const commands: readonly CommandSpec[] = [
  {
    name: 'follow',
    args: '[file...]',
    summary: 'follow growing logs: where each message is, as it goes along',
    options: [
      ...COMMON,
      YEAR,
      STUCK_AFTER,
      { flags: '--plain', help: 'one line each time a message changes, also on a terminal' },
      { flags: '--since <time>', help: 'begin with what happened since: -2h, today, ISO time' },
      {
        flags: '--from-start',
        help: 'read logs that were never read before from their start, not their end',
      },
      { flags: '--once', help: 'read what is there, then end' },
      { flags: '--no-store', help: 'keep all in memory' },
    ],
    examples: [
      { line: 'amavtrace follow', help: 'the machine’s own mail log' },
      { line: 'amavtrace follow --since 2h', help: 'with the last two hours' },
      { line: 'amavtrace follow --plain | grep deferred', help: 'as lines' },
      {
        line: 'amavtrace follow /var/log/mail.log --from-start --json',
        help: 'traces as they change, for a program',
      },
    ],
    heedsHangUp: true,
    load: () => import('./follow.js'),
  },
  {
    name: 'import',
    args: '<file...>',
    summary: 'read whole logs, also .gz .xz .bz2 .zst, or - for standard input',
    options: [
      ...COMMON,
      YEAR,
      { flags: '--show-unrecognized', help: 'print lines of Postfix and amavis that no pattern knows' },
    ],
    examples: [
      { line: 'amavtrace import /var/log/mail.log', help: 'one log' },
      { line: 'amavtrace import /var/log/mail.log*', help: 'with its rotated ones, in any order' },
      { line: 'zcat old.gz | amavtrace import - --year 2024', help: 'from another program' },
    ],
    worksUnread: true,
    load: () => import('./import.js'),
  },
  {
    name: 'trace',
    args: '<id>',
    summary: 'show a message’s path, by queue id, amavis id, mail_id or message-id',
    options: [
      ...COMMON,
      STUCK_AFTER,
      { flags: '--evidence', help: 'with the log lines' },
      {
        flags: '--format <format>',
        help: 'text (default), json or mermaid',
        values: ['text', 'json', 'mermaid'],
      },
    ],
    examples: [
      { line: 'amavtrace trace 8BE9416260E', help: 'by any queue id on its path' },
      { line: 'amavtrace trace 30897-02 --evidence', help: 'by amavis’ id, with its log lines' },
      { line: "amavtrace trace '<T1@outside.example>' --json", help: 'by message-id, for a script' },
    ],
    load: () => import('./trace.js'),
  },
  {
    name: 'search',
    args: '',
    summary: 'list messages, newest first',
    options: [
      ...COMMON,
      STUCK_AFTER,
      { flags: '--sender <glob>', help: 'address, domain or glob; <> for bounces' },
      { flags: '--recipient <glob>', help: 'address, domain or glob' },
      { flags: '--client <glob>', help: 'address, name or domain of the client, or glob' },
      {
        flags: '--state <state>',
        help: `${STATES.slice(0, -1).join(', ')} or ${STATES.at(-1)}`,
        values: STATES,
      },
      { flags: '--verdict <verdict>', help: 'amavis’ verdict, such as SPAM or CLEAN', values: VERDICTS },
      { flags: '--problem <code>', help: 'a problem’s code, such as filter-refused', values: 'problems' },
      { flags: '--since <time>', help: 'ISO time, -2h, today, yesterday' },
      { flags: '--until <time>', help: 'likewise' },
      { flags: '--host <host>', help: 'the host that logged it' },
      { flags: '--limit <n>', help: 'how many at most (default: 100; 0: all)' },
    ],
    examples: [
      {
        line: 'amavtrace search --recipient alice@example.com --since -2h',
        help: 'what came for alice in the last two hours',
      },
      { line: 'amavtrace search --state deferred --since today', help: 'what is deferred' },
      {
        line: 'amavtrace search --verdict SPAM --sender outside.example --limit 0 --json',
        help: 'a domain’s spam, all of it',
      },
    ],
    load: () => import('./search.js'),
  },
  {
    name: 'check',
    args: '',
    summary: 'audit the configuration of Postfix and amavis against the integration guide',
    options: [JSON_OUT, NO_COLOR, ...CONFIGURATION],
    examples: [
      { line: 'amavtrace check', help: 'this machine, asking postconf' },
      {
        line: 'amavtrace check --config-dir ./etc/postfix --amavisd-conf ./etc/amavisd.conf',
        help: 'a copy of another',
      },
      { line: 'amavtrace check --json', help: 'findings for a script' },
    ],
    load: () => import('./check.js'),
  },
  {
    name: 'probe',
    args: '[file...]',
    summary: 'run the guide’s three tests: amavis, the way back, a message through the chain',
    options: [
      JSON_OUT,
      NO_COLOR,
      TZ,
      PATTERNS,
      ...CONFIGURATION,
      {
        flags: '--filter <host:port>',
        help: 'amavis’ address (default: as configured, else 127.0.0.1:10024)',
      },
      {
        flags: '--reinject <host:port>',
        help: 'where mail comes back (default: as configured, else :10025)',
      },
      { flags: '--from <address>', help: 'sender of the test message (default: the null sender)' },
      { flags: '--to <address>', help: 'its recipient (default: postmaster)' },
      { flags: '--via <port>', help: 'hand it in at amavis (10024, the default) or at the front (25)' },
      { flags: '--gtube', help: 'send the GTUBE spam pattern, and want it blocked' },
      { flags: '--eicar', help: 'send the EICAR virus pattern, and want it blocked' },
      { flags: '--allow-remote', help: 'also connect to other machines' },
    ],
    examples: [
      { line: 'amavtrace probe', help: 'the three tests, followed in this machine’s mail log' },
      {
        line: 'amavtrace probe --via 25 --to alice@example.com',
        help: 'through the whole path, to a mailbox',
      },
      { line: 'amavtrace probe --eicar', help: 'is a virus stopped?' },
      { line: 'amavtrace probe /srv/log/mail.log', help: 'where the mail log is elsewhere' },
    ],
    load: () => import('./probe.js'),
  },
  {
    name: 'stuck',
    args: '',
    summary: 'show what waits or is deferred at the filter, why, and what to do',
    options: [
      ...COMMON,
      STUCK_AFTER,
      {
        flags: '--queue',
        help: 'ask the live queue too (postqueue -j), and say where it and the log disagree',
      },
      { flags: '--nagios', help: 'one line with performance data, exit status 0 to 3' },
      {
        flags: '--warning <limit>',
        help: 'with --nagios: so many messages, or an age such as 10m (default: 1)',
      },
      { flags: '--critical <limit>', help: 'likewise (default: 10)' },
    ],
    examples: [
      { line: 'amavtrace stuck', help: 'what waits, by cause; exit status 1 when there is any' },
      { line: 'amavtrace stuck --queue', help: 'on the mail server itself' },
      {
        line: 'MAIL_CONFIG=/etc/postfix-out amavtrace stuck --queue',
        help: 'the queue of another Postfix instance',
      },
      { line: 'amavtrace stuck --nagios --warning 5m --critical 30m', help: 'for monitoring' },
    ],
    load: () => import('./stuck.js'),
  },
  {
    name: 'stats',
    args: '',
    summary: 'totals by state, verdict and problem, time in the filter, throughput',
    options: [
      ...COMMON,
      STUCK_AFTER,
      { flags: '--since <time>', help: 'ISO time, -2h, today, yesterday' },
      { flags: '--until <time>', help: 'likewise' },
      { flags: '--host <host>', help: 'the host that logged it' },
      { flags: '--prometheus', help: 'Prometheus’ text format, for a textfile collector' },
    ],
    examples: [
      { line: 'amavtrace stats --since today', help: 'the day so far' },
      { line: 'amavtrace stats --prometheus > amavtrace.prom', help: 'for the node exporter' },
    ],
    load: () => import('./stats.js'),
  },
  {
    name: 'explain',
    args: '[query...]',
    argValues: 'problems',
    summary: 'explain a problem, by its code, a word or a pasted log line; all of them without one',
    options: [JSON_OUT, NO_COLOR, PATTERNS],
    examples: [
      { line: 'amavtrace explain', help: 'the whole catalogue' },
      { line: 'amavtrace explain filter-loop', help: 'one problem: cause, fix, reference' },
      {
        line: "amavtrace explain 'status=deferred (connect to 127.0.0.1[127.0.0.1]:10024: Connection refused)'",
        help: 'what a log line means',
      },
    ],
    load: () => import('./explain.js'),
  },
  {
    name: 'patterns',
    args: '',
    summary: 'list the log patterns, or test their samples',
    options: [JSON_OUT, NO_COLOR, PATTERNS, { flags: '--test', help: 'run every sample line' }],
    examples: [
      { line: 'amavtrace patterns', help: 'what is known' },
      {
        line: 'amavtrace patterns --test --patterns /etc/amavtrace/patterns',
        help: 'check patterns of your own',
      },
    ],
    load: () => import('./patterns.js'),
  },
  {
    name: 'prune',
    args: '',
    summary: 'remove old messages from the database',
    options: [DB, JSON_OUT, NO_COLOR, { flags: '--older-than <age>', help: 'such as 30d' }],
    examples: [{ line: 'amavtrace prune --older-than 30d', help: 'keep a month' }],
    load: () => import('./prune.js'),
  },
  {
    name: 'completion',
    args: '<shell>',
    argValues: ['bash', 'zsh', 'fish'],
    summary: 'print a script that completes commands, options and their values in bash, zsh or fish',
    options: [],
    examples: [
      { line: 'source <(amavtrace completion bash)', help: 'now; the line in ~/.bashrc: always' },
      { line: 'source <(amavtrace completion zsh)', help: 'in ~/.zshrc, after compinit' },
      { line: 'amavtrace completion fish | source', help: 'in ~/.config/fish/config.fish' },
    ],
    load: () => import('./completion.js'),
  },
];
