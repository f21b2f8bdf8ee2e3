// SPDX-License-Identifier: Apache-2.0
// Lists thawd's options. All but --config may also be in its configuration file.

import type { OptionTable } from './table.js';

export const CONFIG_PATH = '/etc/thaw/thaw.toml';

export const THAWD_OPTIONS = {
  config: { type: 'string', describe: `Configuration file (default ${CONFIG_PATH})` },
  state: { type: 'string', describe: 'Folder for containers, images, templates, networks' },
  run: { type: 'string', describe: 'Folder for sockets' },
  socket: { type: 'string', describe: 'Socket for thaw (default RUN/thawd.sock)' },
  guest: { type: 'string', describe: 'Folder with vmlinux, initrd, cmdline' },
  shim: { type: 'string', describe: 'Program thaw-shim' },
  'hello-timeout': {
    type: 'string',
    describe: 'Seconds in which a booting guest must report',
  },
  type: {
    type: 'string',
    describe: "pv or pvh: the kind of domains unless a container asks for one (default the host's)",
  },
  pool: { type: 'string', describe: 'Number of booted clones in the pool' },
  'pool-max': {
    type: 'string',
    describe: 'Most clones in the pool when many containers start; 0 for no pool',
  },
  'pool-type': {
    type: 'string',
    describe: 'pv or pvh: the kind of clones in the pool (default that of type)',
  },
  'keep-blobs': {
    type: 'string',
    describe: 'true or false: keep layers as they were pulled, for thaw push and save',
  },
  'storage-size': {
    type: 'string',
    describe: 'Default size of the writable layer of a container without --rm, such as 10g',
  },
  'disk-reserve': {
    type: 'string',
    describe:
      'Space that stays free on disks with files of thaw, such as 2g or 5%; 0 for none (default 5%, from 1g to 10g)',
  },
  'cni-path': { type: 'string', describe: 'Folders with CNI plugins, with ":" between them' },
  policy: {
    type: 'string',
    describe: 'File with the rights of users and groups (docs/policy.md)',
  },
  'audit-log': { type: 'string', describe: 'File for decisions and changes; "" for no file' },
  'log-level': { type: 'string', describe: 'error, warn, info or debug' },
  metrics: {
    type: 'string',
    describe: 'ADDRESS:PORT where Prometheus finds /metrics (default off)',
  },
} as const satisfies OptionTable;

export type ThawdOption = keyof typeof THAWD_OPTIONS;

/** The fixed defaults. All other defaults depend on the host, or on the folder that thaw is installed in. */
export const THAWD_DEFAULTS: Partial<Record<ThawdOption, string>> = {
  state: '/var/lib/thaw',
  run: '/run/thaw',
  'hello-timeout': '60',
  pool: '2',
  'pool-max': '16',
  policy: '/etc/thaw/policy.toml',
  'audit-log': '/var/log/thaw/audit.log',
  'log-level': 'info',
  'keep-blobs': 'true',
  'storage-size': '10g',
  'cni-path': '/opt/cni/bin:/usr/lib/cni',
};

/** Options that are numbers in the file. */
const NUMBERS: readonly string[] = ['hello-timeout', 'pool', 'pool-max'];

/** Returns a configuration file with each key, its description and its default, all commented out. Pure. */
export function explainConfig(): string {
  const keys = Object.entries(THAWD_OPTIONS).filter(([name]) => name !== 'config');
  const defaults: Record<string, string | undefined> = THAWD_DEFAULTS;
  return [
    `# ${CONFIG_PATH}: read when thawd starts. Options of its command line have the last word.`,
    ...keys.flatMap(([name, { describe }]) => {
      const value = defaults[name] ?? '';
      const shown = NUMBERS.includes(name) ? value : JSON.stringify(value);
      return ['', `# ${describe}`, `#${name} = ${shown}`];
    }),
    '',
  ].join('\n');
}
