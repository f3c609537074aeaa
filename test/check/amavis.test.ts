// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Perl's own syntax
import { describe, expect, test } from 'vitest';
import { allows } from '../../src/check/amavis/acl.js';
import { readProgram } from '../../src/check/amavis/program.js';
import { readSettings } from '../../src/check/amavis/settings.js';
import type { PerlValue } from '../../src/check/amavis/value.js';
import { showEndpoint } from '../../src/check/endpoint.js';

const program = (...texts: string[]) =>
  readProgram(texts.map((text, index) => ({ file: `${index + 1}`, text })));
const value = (name: string, ...texts: string[]): PerlValue | undefined =>
  program(...texts).variables.get(name)?.value;
const scalar = (text: string): PerlValue => ({ kind: 'scalar', text });
const settings = (text: string) => readSettings(program(text));
const ports = (text: string): string[] | string => {
  const { listens } = settings(text);
  return listens.known ? listens.value.map((one) => showEndpoint(one)) : listens.why;
};

describe('assignments are read without running Perl', () => {
  test.each([
    ['$child_timeout = 8*60;', '$child_timeout', '480'],
    ['$smtpd_message_size_limit = 20*1024*1024; # 20 MB', '$smtpd_message_size_limit', '20971520'],
    ['$n = (1 + 2) * 10 - 6/2;', '$n', '27'],
    ['$n = 1_000_000;', '$n', '1000000'],
    ['$MYHOME = \'/var/lib/amavis\';\n$db = "$MYHOME/db";', '$db', '/var/lib/amavis/db'],
    ['$h = \'a\'; $x = "${h}b\\@c\\$d";', '$x', 'ab@c$d'],
    ["$x = 'it''s';\n", '$x', undefined],
    ["$x = 'it\\'s';", '$x', "it's"],
    ['$x = q{a {nested} b};', '$x', 'a {nested} b'],
    ['$x = qq(smtp:[127.0.0.1]:10025);', '$x', 'smtp:[127.0.0.1]:10025'],
    ["$a = $b = 'smtp:[::1]:10025';", '$a', 'smtp:[::1]:10025'],
    ['$x = \'a\' . "b" . 1;', '$x', 'ab1'],
    ["$x = 'a'; $x .= 'b';", '$x', 'ab'],
    ["my $x = 'a';", '$x', 'a'],
    ['$x = <<"EOT";\nline one\nEOT\n$y = 1;', '$x', 'line one\n'],
    ["$x = <<'END' . 'z';\n$not @read\nEND\n", '$x', '$not @read\nz'],
    ['$final_spam_destiny = D_REJECT;', '$final_spam_destiny', 'D_REJECT'],
    ['{ $x = 5; }', '$x', '5'],
  ])('%s', (text, name, expected) => {
    const read = value(name, text);
    expect(read?.kind === 'scalar' ? read.text : undefined).toBe(expected);
  });

  test('a later assignment wins, also in a later file', () => {
    const read = program('$max_servers = 2;\n$max_servers = 3;\n1;\n', '\n$max_servers = 4;\n').variables.get(
      '$max_servers',
    );
    expect(read).toEqual({ value: scalar('4'), place: { file: '2', line: 2 } });
  });

  test('comments, POD and what stands after __END__ are no assignments', () => {
    const text =
      '# $a = 1;\n$b = 2; # $b = 3;\n\n=pod\n\n$c = 4;\n\n=cut\n\n$d = "# no comment";\n__END__\n$e = 5;\n';
    expect([...program(text).variables.keys()]).toEqual(['$b', '$d']);
  });

  test('a regular expression with quotes and # in it ends where it ends', () => {
    const text =
      "$re = new_RE( qr'^\\.(exe|\"#)$'i, qr/a#b'/ix, qr{x}x );\ns/'/\"/ for @x;\n$y = $x =~ m{'} ? 1 : 2;\n$z = 1;\n";
    expect(value('$z', text)).toEqual(scalar('1'));
    expect(program(text).gaps).toEqual([]);
  });

  test('lists: qw, brackets, other arrays, push', () => {
    const text =
      "@inet_acl = qw( 127.0.0.1 [::1] );\npush @inet_acl, '192.0.2.1';\n@all = (@inet_acl, 'x');\n";
    const read = value('@all', text);
    expect(read?.kind === 'list' && read.items).toEqual(['127.0.0.1', '[::1]', '192.0.2.1', 'x'].map(scalar));
  });

  test('an element within an element is set there, with an arrow between or without', () => {
    const text = `$policy_bank{'X'} = { originating => 1 };
$policy_bank{'X'}{'forward_method'} = 'smtp:[127.0.0.1]:10027';
$policy_bank{'X'}->{notify_method} = 'smtp:[127.0.0.1]:10028';
$policy_bank{'X'}{inet_acl}[0] = 'x';
`;
    const [bank] = settings(text).banks;
    const texts = [bank?.forward, bank?.notify].map((one) =>
      one?.known === true ? one.value.map((method) => method.text) : one,
    );
    expect(texts).toEqual([['smtp:[127.0.0.1]:10027'], ['smtp:[127.0.0.1]:10028']]);
  });

  test('what nothing assigned has its built-in value, and can be built upon', () => {
    expect(value('$child_timeout', '$child_timeout = 2*$child_timeout;')).toEqual(scalar('960'));
    expect(value('$notify_method', '$notify_method = $forward_method;')).toEqual(
      scalar('smtp:[127.0.0.1]:10025'),
    );
    const acl = settings("push(@inet_acl, '192.0.2.1');").inetAcl;
    expect(acl.known && acl.value).toEqual(['127.0.0.1', '[::1]', '192.0.2.1']);
  });

  test('hash elements are gathered, bareword keys and all', () => {
    const text =
      "$policy_bank{'ORIGINATING'} = { originating => 1, s => 'q', forward_method => 'smtp:[127.0.0.1]:10027', sub => \\&x };";
    const banks = value('%policy_bank', text);
    const bank = banks?.kind === 'hash' ? banks.entries.get('ORIGINATING') : undefined;
    expect(bank?.kind === 'hash' && bank.entries.get('forward_method')).toEqual(
      scalar('smtp:[127.0.0.1]:10027'),
    );
  });

  test('an included file is read at its place', () => {
    const include = (path: string): string | undefined =>
      path === '/etc/more.conf' ? '$max_servers = 7;' : undefined;
    const text =
      "$max_servers = 2;\ninclude_config_files('/etc/more.conf');\ninclude_optional_config_files('/etc/none');\n";
    const read = readProgram([{ file: 'amavisd.conf', text }], include);
    expect(read.variables.get('$max_servers')).toEqual({
      value: scalar('7'),
      place: { file: '/etc/more.conf', line: 1 },
    });
    expect(read.gaps).toEqual([]);
  });
});

describe('what is computed is unknown', () => {
  test.each([
    ['a command', 'chomp($myhostname = `hostname --fqdn`);', '$myhostname'],
    ['a call', '$max_servers = cpus();', '$max_servers'],
    ['a condition after it', '$max_servers = 2;\n$max_servers = 5 if $x;', '$max_servers'],
    ['a block that may not run', '$max_servers = 2;\nif (-e "/x") { $max_servers = 5; }', '$max_servers'],
    ['an else', 'if ($x) { 1 } else { $max_servers = 5; }', '$max_servers'],
    ['a loop', 'foreach my $x (1..2) { $max_servers = $x; }', '$max_servers'],
    ['a choice', '$max_servers = $x ? 5 : 6;', '$max_servers'],
    ['a variable that nothing set', '$max_servers = $cpus * 2;', '$max_servers'],
    ['an environment variable', '$max_servers = $ENV{SERVERS};', '$max_servers'],
    ['an interpolated element', '$x = "$ENV{HOME}/x";', '$x'],
    ['||=', '$max_servers = 2; $max_servers ||= 5;', '$max_servers'],
    ['++', '$max_servers = 2; $max_servers++;', '$max_servers'],
    ['a list assignment', '($max_servers, $x) = (5, 6);', '$max_servers'],
    ['a substitution', "$x = 'a'; $x =~ s/a/b/;", '$x'],
    ['push of something unknown', "@inet_acl = ('127.0.0.1'); push(@inet_acl, hosts());", '@inet_acl'],
  ])('%s', (_, text, name) => {
    const read = value(name, text);
    expect(read === undefined ? 'not read' : read.kind === 'list' ? read.items.at(-1)?.kind : read.kind).toBe(
      'unknown',
    );
  });

  test('a string that never ends makes all settings unknown, from a place that is named', () => {
    const text = "$max_servers = 2;\n$x = 'oops;\n$child_timeout = 5;\n";
    expect(program(text).gaps).toMatchObject([{ place: { line: 2 } }]);
    expect(settings(text).maxServers.known).toBe(false);
  });

  test.each([
    '{'.repeat(50_000),
    `$x = ${'['.repeat(50_000)}`,
    `$x = ${'-'.repeat(50_000)}1;`,
    `$x = "${'$a'.repeat(50_000)}";`,
    ')',
    '$x = 1]; } $y = 2;',
    '$a{'.repeat(10_000),
    `$x = ${'$a{b}->'.repeat(10_000)}`,
  ])('hostile nesting is survived', (text) => {
    expect(() => program(text)).not.toThrow();
  });
});

describe('where amavis listens', () => {
  test('a port is bound to both loopback addresses unless $inet_socket_bind says otherwise', () => {
    expect(ports('$inet_socket_port = 10024;')).toEqual(['127.0.0.1:10024', '[::1]:10024']);
    expect(ports("$inet_socket_port = 10024; $inet_socket_bind = '127.0.0.1';")).toEqual(['127.0.0.1:10024']);
    expect(ports('$inet_socket_port = 10024; $inet_socket_bind = undef;')).toEqual(['10024']);
  });

  test('a list of ports is bound to each address of a list', () => {
    expect(ports("$inet_socket_port = [10024, 10026]; $inet_socket_bind = ['127.0.0.1', '[::1]'];")).toEqual([
      '127.0.0.1:10024',
      '[::1]:10024',
      '127.0.0.1:10026',
      '[::1]:10026',
    ]);
  });

  test('@listen_sockets may name host and port, sockets of the file system are left out', () => {
    expect(
      ports(
        "@listen_sockets = ('/run/amavis.sock|unix', '127.0.0.1:10030', 10031); $inet_socket_bind = '127.0.0.1';",
      ),
    ).toEqual(['127.0.0.1:10030', '127.0.0.1:10031']);
  });

  test('no port is the built-in value: it listens nowhere', () => {
    expect(ports('1;')).toEqual([]);
  });

  test('a computed port is unknown', () => {
    expect(ports('$inet_socket_port = $base + 24;')).toBe('it depends on $base');
  });
});

describe('@inet_acl', () => {
  test.each([
    [['127.0.0.1', '[::1]'], '127.0.0.1', true],
    [['127/8'], '127.0.0.1', true],
    [['10.0.0.0/8'], '127.0.0.1', false],
    [['[::1]'], '::1', true],
    [['!127.0.0.1', '127.0.0.0/8'], '127.0.0.1', false],
    [[], '127.0.0.1', false],
  ])('%j and %s: %s', (acl, address, allowed) => {
    expect(allows(acl, address)).toBe(allowed);
  });
});
