// SPDX-License-Identifier: Apache-2.0
// thaw completion: prints the script by which bash or zsh completes command lines of thaw.

import type { Command } from '../command.js';
import { UsageError } from '../options/usage-error.js';

export const completionCommand: Command = {
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
  async run({ positional: [shell = ''] }, client) {
    if (shell !== 'bash' && shell !== 'zsh')
      throw new UsageError(`Cannot use completion ${shell}: bash, zsh are allowed`);
    const { completionScript } = await import('./complete.js');
    client.out(completionScript(shell));
    return 0;
  },
};
