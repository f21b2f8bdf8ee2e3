// SPDX-License-Identifier: Apache-2.0
// thaw completion: prints scripts for bash and zsh, made from the command table. A script asks thaw for names only, so that commands and options
// complete at once, also without thawd.

import type { Command } from '../command.js';
import { UsageError } from '../options/usage-error.js';

/** `commands` is a function because the table holds this command too. */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'Print a script that completes command lines in bash or zsh',
    params: 'bash|zsh',
    examples: [
      'thaw completion bash >/etc/bash_completion.d/thaw',
      "thaw completion zsh >'/usr/share/zsh/vendor-completions/_thaw'",
    ],
    options: {},
    positionals: { min: 1, max: 1 },
    failureStatus: 125,
    run({ positional: [shell = ''] }, client) {
      if (shell !== 'bash' && shell !== 'zsh')
        throw new UsageError(`Cannot use completion ${shell}: bash, zsh are allowed`);
      client.out(shell === 'bash' ? bashCompletion(commands()) : zshCompletion(commands()));
      return Promise.resolve(0);
    },
  };
}

/** The commands that list names, by the first word of a command's parameters. */
const SOURCES: Record<string, string> = {
  CONTAINER: "thaw ps --all --format '{{.Names}}'",
  'CONTAINER...': "thaw ps --all --format '{{.Names}}'",
  'CONTAINER|IMAGE...': "thaw ps --all --format '{{.Names}}'",
  IMAGE: "thaw images --format '{{.Name}}'",
  'IMAGE...': "thaw images --format '{{.Name}}'",
  '[NAME]': "thaw images --format '{{.Name}}'",
  '[--frozen': "thaw images --format '{{.Name}}'",
};

/** Returns the command that lists the names that `name` takes; '' for none. */
function sourceOf({ name, params }: Command): string {
  if (name === 'network rm' || name === 'network inspect') return 'thaw network ls --quiet';
  return SOURCES[params.split(' ')[0] ?? ''] ?? '';
}

/** Returns the first words of all commands, each once. */
function firstWords(commands: readonly Command[]): string[] {
  return [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))];
}

function optionsOf({ options }: Command): string {
  return [...Object.keys(options), 'help'].map((name) => `--${name}`).join(' ');
}

export function bashCompletion(commands: readonly Command[]): string {
  const pairs = commands.filter(({ name }) => name.includes(' '));
  const groups = [...new Set(pairs.map(({ name }) => name.split(' ')[0]))];
  const groupCases = groups.map((group) => {
    const seconds = pairs.filter(({ name }) => name.startsWith(`${group} `));
    return `    ${group}) command="$first $second"; [ "$COMP_CWORD" -gt 2 ] || words='${seconds.map(({ name }) => name.split(' ')[1]).join(' ')}' ;;`;
  });
  const cases = commands.map((command) => {
    const source = sourceOf(command);
    const names = source === '' ? '' : ` names=$(${source} 2>/dev/null)`;
    return `    '${command.name}') options='${optionsOf(command)}'${names} ;;`;
  });
  return `# bash completion of thaw: thaw completion bash
_thaw() {
  local current=\${COMP_WORDS[COMP_CWORD]} first=\${COMP_WORDS[1]} second=\${COMP_WORDS[2]} command words= options= names=
  if [ "$COMP_CWORD" -le 1 ]; then
    COMPREPLY=($(compgen -W '${firstWords(commands).join(' ')} --help --version' -- "$current"))
    return
  fi
  command=$first
  case $first in
${groupCases.join('\n')}
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  case $command in
${cases.join('\n')}
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$names" -- "$current")) ;;
  esac
}
complete -o default -F _thaw thaw
`;
}

/** Returns the script for zsh, which runs that of bash. */
export function zshCompletion(commands: readonly Command[]): string {
  return `#compdef thaw
# zsh completion of thaw: thaw completion zsh
autoload -U +X bashcompinit && bashcompinit
${bashCompletion(commands)}`;
}
