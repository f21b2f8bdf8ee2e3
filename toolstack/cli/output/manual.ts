// SPDX-License-Identifier: Apache-2.0
// thaw(1) as source for man(7), made from the command table. Pure.

import { VERSION } from '../../base/version.js';
import type { Command } from '../command.js';
import { optionEntries } from '../options/options.js';

export function manualPage(commands: readonly Command[], date: string): string {
  return `${[
    `.TH THAW 1 "${date}" "thaw ${VERSION}" "User Commands"`,
    '.SH NAME',
    'thaw \\- run containers in Xen micro-domains',
    '.SH SYNOPSIS',
    '.B thaw',
    '.I COMMAND',
    '[\\fIOPTION\\fR...] [\\fIARG\\fR...]',
    '.SH DESCRIPTION',
    'Runs each container in a Xen domain of its own, cloned from a frozen one. Options stand before the first argument of a command; what follows is the',
    "container's.",
    '.SH COMMANDS',
    ...commands.flatMap(commandSection),
    '.SH EXIT STATUS',
    ...STATUSES.flatMap(([status, meaning]) => ['.TP', escape(status), escape(meaning)]),
    '.SH FILES',
    '.TP',
    '/run/thaw/thawd.sock',
    'Where thawd answers; \\fBTHAW_SOCKET\\fR in the environment names another. While thawd starts a command waits, 120 seconds or as many as \\fBTHAW_WAIT\\fR says.',
    '.TP',
    '/var/lib/thaw',
    'Containers, images, templates and networks.',
    '.SH SEE ALSO',
    '.BR xl (1),',
    '.BR podman (1),',
    '.BR skopeo (1)',
  ].join('\n')}\n`;
}

const STATUSES: [string, string][] = [
  ["the process's own", 'of run, start --attach, attach and exec'],
  ['128 and a number', 'the process was ended by that signal'],
  ['2', 'the command line cannot be understood'],
  ['125', 'thaw failed'],
  ['126, 127', "the container's command cannot be executed, or does not exist"],
];

function commandSection({ name, params, summary, options, examples }: Command): string[] {
  return [
    `.SS ${escape(`thaw ${name} [OPTION...] ${params}`.trimEnd())}`,
    `${escape(summary)}.`,
    ...optionEntries(options).flatMap(([left, right]) => [
      '.TP',
      `.B ${escape(left)}`,
      escape(right),
    ]),
    '.PP',
    'Examples:',
    '.PP',
    '.nf',
    ...examples.map((example) => `.RS\n${escape(example)}\n.RE`),
    '.fi',
  ];
}

/** Keeps backslashes as text, makes hyphens that a reader can copy, and prevents a line from beginning with a control character. */
function escape(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return escaped.replaceAll(/^(?=[.'])/gm, '\\&');
}
