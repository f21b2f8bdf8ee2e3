// SPDX-License-Identifier: Apache-2.0
// thaw policy check and reload: says which rule decides on a command, and has thawd read the policy file again.

import type { PolicyVerdict } from '../../../api/engine.js';
import { defined } from '../../../base/defined.js';
import { printable } from '../../../base/text.js';
import { stringOption, type Command } from '../../command.js';

export const policyCheckCommand: Command = {
  name: 'policy check',
  summary: 'Say which rule allows or denies a command; the exit status is 1 when one denies it',
  params: '[COMMAND [ARG...]]',
  examples: [
    'thaw policy check',
    'thaw policy check --user alice run -m 2g docker.io/library/debian:13',
  ],
  options: {
    user: {
      type: 'string',
      describe: 'Name or number of the user who would give the command (default yourself)',
    },
  },
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const user = stringOption(parsed, 'user');
    const words = parsed.positional;
    const { path, rules, verdicts, messages } = await engine.policyCheck(
      defined({ words, user }),
      client,
    );
    for (const message of messages) client.err(message);
    if (words.length === 0 || verdicts.length === 0)
      client.out(
        rules === undefined
          ? `${path} does not exist: thawd serves root alone\n`
          : `${path} is right: ${rules} rules\n`,
      );
    client.out(verdicts.map(lineOf).join(''));
    return verdicts.some(({ verdict }) => verdict === 'deny') ? 1 : 0;
  },
};

function lineOf({ verdict, rule, reason, what }: PolicyVerdict): string {
  const names =
    what.length === 0 ? 'the command' : what.map((name) => printable(name, 256)).join(', ');
  return `${verdict.padEnd(5)} ${names}: ${rule}${reason === '' ? '' : `: ${reason}`}\n`;
}

export const policyReloadCommand: Command = {
  name: 'policy reload',
  summary: 'Read the policy file, users and groups again, and set the group of the socket',
  params: '',
  examples: ['thaw policy reload'],
  options: {},
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(_parsed, client, engine) {
    const rules = await engine.policyReload();
    client.out(rules === undefined ? 'There is no policy file\n' : `${rules} rules\n`);
    return 0;
  },
};
