/** Scripts that complete the command line, made from the table of commands. */
import type { CommandSpec } from '../commands/command.js';

/** What the table names only: values that are read when the script is made. */
export type Values = Readonly<Record<'problems', readonly string[]>>;

type Option = CommandSpec['options'][number];

const PROGRAM_OPTIONS = ['--help', '--version'];

export const SHELLS: Readonly<Record<string, (commands: readonly CommandSpec[], values: Values) => string>> =
  {
    bash: bashCompletion,
    zsh: zshCompletion,
    fish: fishCompletion,
  };

function bashCompletion(commands: readonly CommandSpec[], values: Values): string {
  const names = commands.map(({ name }) => name);
  const cases = commands.map((spec) => {
    const taking = spec.options.filter(takesValue);
    const chosen = taking.filter(({ values: known }) => known !== undefined);
    const free = taking.filter((option) => !chosen.includes(option)).map(nameOf);
    const given = [
      ...(free.length > 0 ? [`      ${free.join(' | ')}) ;;\n`] : []),
      ...chosen.map((option) => `      ${nameOf(option)}) words='${wordsOf(option.values, values)}' ;;\n`),
    ];
    const options = [...spec.options.map(nameOf), '--help'].join(' ');
    const args = wordsOf(spec.argValues, values);
    return (
      `    ${spec.name}) case $previous in\n${given.join('')}` +
      `      *) if [[ $current == -* ]]; then words='${options}'; else words='${args}'; fi ;;\n    esac ;;\n`
    );
  });
  // Where there is nothing to choose from, bash completes file names (-o default).
  return `# amavtrace, completed in bash: source <(amavtrace completion bash)
_amavtrace() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} words=
  COMPREPLY=()
  # --option=value comes in three words.
  if [[ $current == = ]]; then current=; elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if ((COMP_CWORD == 1)); then
    words='${[...names, ...PROGRAM_OPTIONS].join(' ')}'
  else case \${COMP_WORDS[1]} in
${cases.join('')}  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _amavtrace amavtrace
`;
}

function zshCompletion(commands: readonly CommandSpec[], values: Values): string {
  const described = commands.map(({ name, summary }) => quoted(`${name}:${summary}`));
  const cases = commands.map((spec) => {
    const options = spec.options.map((option) => {
      const text = `${nameOf(option)}[${option.help.replace(/[\][:\\]/g, '\\$&')}]`;
      const value = takesValue(option) ? `:${placeholder(option)}:${zshAction(option, values)}` : '';
      return quoted(`${option.many === true ? '*' : ''}${text}${value}`);
    });
    const args =
      spec.argValues !== undefined
        ? [`'*: :(${wordsOf(spec.argValues, values)})'`]
        : isFile(spec.args)
          ? ["'*:file:_files'"]
          : [];
    return `    ${spec.name}) _arguments ${[...options, ...args].join(' ')} ;;\n`;
  });
  return `#compdef amavtrace
# amavtrace, completed in zsh: source <(amavtrace completion zsh)
_amavtrace() {
  local -a commands
  commands=(${described.join(' ')})
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${cases.join('')}  esac
}
if [[ $funcstack[1] == _amavtrace ]]; then _amavtrace "$@"; else compdef _amavtrace amavtrace; fi
`;
}

function fishCompletion(commands: readonly CommandSpec[], values: Values): string {
  const complete = 'complete -c amavtrace';
  const lines = commands.flatMap((spec) => {
    const here = `${complete} -n '__fish_seen_subcommand_from ${spec.name}'`;
    const options = spec.options.map((option) => {
      const words = wordsOf(option.values, values);
      const value = takesValue(option) ? (words === '' ? ' -r' : ` -x -a '${words}'`) : '';
      const file = takesValue(option) && words === '' && isFile(placeholder(option)) ? ' -F' : '';
      return `${here} -l ${nameOf(option).slice(2)}${value}${file} -d ${quoted(option.help)}`;
    });
    const args = wordsOf(spec.argValues, values);
    return [
      `${complete} -n __fish_use_subcommand -a ${spec.name} -d ${quoted(spec.summary)}`,
      ...options,
      ...(args === '' ? [] : [`${here} -a '${args}'`]),
      ...(isFile(spec.args) ? [`${here} -F`] : []),
    ];
  });
  return `# amavtrace, completed in fish: amavtrace completion fish | source\n${complete} -f\n${lines.join('\n')}\n`;
}

/** `--db` of `--db <file>`. */
function nameOf({ flags }: Option): string {
  return flags.split(' ', 1)[0] ?? flags;
}

function takesValue({ flags }: Option): boolean {
  return flags.includes('<');
}

/** `file` of `--db <file>`. */
function placeholder({ flags }: Option): string {
  return (/<([\w-]+)/.exec(flags)?.[1] ?? 'value').toLowerCase();
}

function isFile(args: string): boolean {
  return /\b(?:file|dir)\b/.test(args);
}

function zshAction(option: Option, values: Values): string {
  const words = wordsOf(option.values, values);
  if (words !== '') return `(${words})`;
  return isFile(placeholder(option)) ? '_files' : '';
}

function wordsOf(given: CommandSpec['argValues'], values: Values): string {
  if (given === undefined) return '';
  return (typeof given === 'string' ? values[given] : given).join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
