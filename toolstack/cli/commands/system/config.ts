// SPDX-License-Identifier: Apache-2.0
// thaw config: prints thawd's configuration file with its defaults.

import type { Command } from '../../command.js';
import { explainConfig } from '../../options/thawd.js';

export const configCommand: Command = {
  name: 'config',
  summary: "Print thawd's configuration file with its defaults, each key explained",
  params: '',
  examples: ['thaw config >/etc/thaw/thaw.toml'],
  options: {},
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  run(_parsed, client) {
    client.out(explainConfig());
    return Promise.resolve(0);
  },
};
