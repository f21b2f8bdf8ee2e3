// SPDX-License-Identifier: Apache-2.0
// Reads the options of a container that thaw run and thaw create take, and makes the request.

import type {
  Client,
  CreateOptions,
  DomainType,
  KernelTemplate,
  RestartPolicy,
} from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { readClientFile } from './client-file.js';
import { flag, stringList, stringOption, type Command, type Parsed } from '../command.js';
import { CONFINEMENT_OPTIONS, confinement } from './confinement.js';
import { DEVICE_OPTIONS, deviceOptions } from './devices.js';
import { HEALTH_OPTIONS, healthOptions } from './health.js';
import { MOUNT_OPTIONS, mountOptions } from './mounts.js';
import { NETWORK_OPTIONS, networkOptions } from './network.js';
import { podOption } from './pod.js';
import { authFile, REGISTRY_OPTIONS, tlsVerify } from './registry.js';
import { UsageError } from './usage-error.js';
import { bytes, choice, cpus, nonEmpty, pairs, signal, whole } from './values.js';

/** Options that thaw freeze also takes: the process, the kind of domain and the image. */
export const PROCESS_OPTIONS: Command['options'] = {
  tty: { type: 'boolean', short: 't', describe: 'Give the container a terminal' },
  env: {
    type: 'string',
    short: 'e',
    describe: 'Set K=V in its environment, or pass K on; may be repeated',
  },
  workdir: { type: 'string', short: 'w', describe: 'Folder to start in' },
  user: {
    type: 'string',
    short: 'u',
    describe: 'USER[:GROUP], names or numbers',
  },
  entrypoint: { type: 'string', describe: "Replace the image's entry point" },
  cpus: {
    type: 'string',
    describe: 'Number of CPUs, such as 2 or 0.5 (default 1)',
  },
  type: {
    type: 'string',
    describe: 'pv or pvh (default pvh if the host can)',
  },
  pull: {
    type: 'string',
    describe: 'When to pull: missing, always or never (default missing)',
  },
  ...REGISTRY_OPTIONS,
};

export const CREATE_OPTIONS: Command['options'] = {
  rm: { type: 'boolean', describe: 'Remove the container when it has ended' },
  interactive: { type: 'boolean', short: 'i', describe: 'Pass standard input to the container' },
  name: {
    type: 'string',
    describe: "The container's name, also its domain's",
  },
  pod: {
    type: 'string',
    describe: 'Pod in whose domain it runs; new:NAME makes one (thaw pod create)',
  },
  ...PROCESS_OPTIONS,
  'env-file': {
    type: 'string',
    describe: 'File with lines K=V or K for its environment; may be repeated',
  },
  hostname: {
    type: 'string',
    short: 'h',
    describe: "The container's hostname",
  },
  ...MOUNT_OPTIONS,
  ...DEVICE_OPTIONS,
  ...NETWORK_OPTIONS,
  'mac-address': { type: 'string', describe: 'MAC of its network interface' },
  memory: {
    type: 'string',
    short: 'm',
    describe: "The domain's memory, such as 64m or 1g (default 256m)",
  },
  'storage-opt': {
    type: 'string',
    describe: 'size=SIZE of its writable layer (default 10g, see thaw config)',
  },
  frozen: {
    type: 'string',
    describe: 'Clone a frozen image (thaw freeze) in place of starting IMAGE',
  },
  template: {
    type: 'string',
    describe: 'Template to clone: pvh/2 or a frozen image (thaw templates)',
  },
  cidfile: {
    type: 'string',
    describe: "New file for the container's id",
  },
  label: { type: 'string', short: 'l', describe: 'Label K=V; may be repeated' },
  restart: {
    type: 'string',
    describe: 'Restart policy: no, on-failure[:N], always, unless-stopped (default no)',
  },
  'stop-signal': {
    type: 'string',
    describe: "Signal that thaw stop sends (default the image's, or TERM)",
  },
  'stop-timeout': {
    type: 'string',
    describe: 'Seconds from that signal to KILL, -1 for no KILL (default 10)',
  },
  ...HEALTH_OPTIONS,
  ...CONFINEMENT_OPTIONS,
};

/** Throws UsageError for wrong values and for options that exclude each other. `verb` is run or create. */
export function createOptions(parsed: Parsed, client: Client, verb: string): CreateOptions {
  const [image = '', ...command] = parsed.positional;
  const { template, frozen, option } = templateOptions(parsed);
  if (frozen !== undefined) checkFrozen(parsed, option, frozen);
  else if (image === '')
    throw new UsageError(`thaw ${verb} takes an IMAGE, or --frozen NAME: see thaw ${verb} --help`);
  const pod = podOption(parsed);
  const rm = flag(parsed, 'rm');
  const restart = restartPolicy(stringOption(parsed, 'restart'));
  if (rm && restart && restart.name !== 'no')
    throw new UsageError(
      `Cannot use --rm with --restart ${restart.name}: a container that is removed cannot start again`,
    );
  const confined = confinement(parsed, client);
  const mounted = mountOptions(parsed, client);
  const tmpfs = [...(confined.tmpfs ?? []), ...(mounted.tmpfs ?? [])];
  const labels = pairs('--label', stringList(parsed, 'label'));
  const stop = stringOption(parsed, 'stop-signal');
  return defined({
    image,
    command,
    rm,
    env: environment(parsed, client),
    interactive: flag(parsed, 'interactive'),
    tty: flag(parsed, 'tty'),
    frozen,
    pod,
    template,
    name: stringOption(parsed, 'name'),
    workdir: stringOption(parsed, 'workdir'),
    user: stringOption(parsed, 'user'),
    entrypoint: stringOption(parsed, 'entrypoint'),
    hostname: hostname(stringOption(parsed, 'hostname')),
    ...networkOptions(parsed),
    macAddress: macAddress(stringOption(parsed, 'mac-address')),
    memoryBytes: bytes('--memory', stringOption(parsed, 'memory')),
    storageBytes: storage(stringList(parsed, 'storage-opt')),
    cpus: cpus(stringOption(parsed, 'cpus')),
    type: choice<DomainType>('--type', stringOption(parsed, 'type'), ['pv', 'pvh']),
    labels: Object.keys(labels).length > 0 ? labels : undefined,
    restart,
    stopSignal: stop === undefined ? undefined : signal('--stop-signal', stop),
    stopTimeoutS: whole('--stop-timeout', stringOption(parsed, 'stop-timeout'), -1, 86_400),
    ...deviceOptions(parsed),
    ...healthOptions(parsed),
    ...confined,
    ...mounted,
    tmpfs: nonEmpty(tmpfs),
    pull: pullPolicy(parsed),
    tlsVerify: tlsVerify(parsed),
    authFile: authFile(parsed, client),
  });
}

/** Returns the bytes of the last `size=SIZE`. */
function storage(values: string[]): number | undefined {
  for (const value of values)
    if (!/^size=/.test(value))
      throw new UsageError(`Cannot use --storage-opt ${value}: size=SIZE is allowed`);
  const size = bytes('--storage-opt size', values.at(-1)?.slice('size='.length));
  if (size !== undefined && (size < STORAGE_MIN || size > STORAGE_MAX))
    throw new UsageError(
      `Cannot use --storage-opt ${values.at(-1)}: a size from 32m to 16t is wanted`,
    );
  return size;
}

/** The least and the greatest size of an ext4 filesystem. */
const STORAGE_MIN = 32 * 2 ** 20;
const STORAGE_MAX = 16 * 2 ** 40;

/** Throws UsageError for -i with -t where standard input is no terminal. */
export function terminalOptions(
  parsed: Parsed,
  client: Client,
): { interactive: boolean; tty: boolean } {
  const interactive = flag(parsed, 'interactive');
  const tty = flag(parsed, 'tty');
  if (tty && interactive && !client.isTerminal.stdin) {
    throw new UsageError(
      'Cannot use --tty with --interactive: standard input is not a terminal; leave out -t',
    );
  }
  return { interactive, tty };
}

/** Reads the options for a template. A name with a slash is a kernel, for no frozen image can have such a name. `option` is the user's option. */
function templateOptions(parsed: Parsed): {
  template?: KernelTemplate;
  frozen?: string;
  option: string;
} {
  const [frozen, name] = [stringOption(parsed, 'frozen'), stringOption(parsed, 'template')];
  if (name === undefined) return defined({ frozen, option: '--frozen' });
  if (frozen !== undefined)
    throw new UsageError(
      `Cannot use --template ${name} with --frozen ${frozen}: both name a template; give one`,
    );
  if (!name.includes('/')) return { frozen: name, option: '--template' };
  const [, type, vcpus] = /^(pv|pvh)\/([1-9]\d{0,3})$/.exec(name) ?? [];
  if (type === undefined)
    throw new UsageError(
      `Cannot use --template ${name}: a name from thaw templates is wanted, such as pvh/1 or the name of a frozen image`,
    );
  return { template: { type: type as DomainType, vcpus: Number(vcpus) }, option: '--template' };
}

/** Throws UsageError for options that were fixed when the image was frozen. */
function checkFrozen(parsed: Parsed, option: string, name: string): void {
  const fixed = FIXED.find((other) => parsed.options[other] !== undefined);
  const word = parsed.positional[0] ?? (fixed === undefined ? undefined : `--${fixed}`);
  if (word !== undefined)
    throw new UsageError(
      `Cannot use ${word} with ${option} ${name}: image and process were fixed when it was frozen; freeze it anew` +
        (option === '--template' ? ', or choose a kernel: see thaw templates' : ''),
    );
}

const FIXED = [
  ...['env', 'env-file', 'workdir', 'user', 'entrypoint', 'pull', 'tls-verify', 'authfile'],
  ...['cap-add', 'cap-drop', 'security-opt', 'read-only', 'tmpfs', 'ulimit', 'pids-limit'],
  ...['volume', 'mount', 'device', 'init'],
];

/** Returns the variables of the files first, so that -e overrides them. */
function environment(parsed: Parsed, client: Client): string[] {
  const files = stringList(parsed, 'env-file').flatMap((path) => envFile(path, client));
  return [...files, ...stringList(parsed, 'env')];
}

/** Reads a file of variables. Skips blank lines and those that begin with #, as podman does. */
function envFile(path: string, client: Client): string[] {
  return readClientFile('--env-file', path, client)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

export function pullPolicy(parsed: Parsed): CreateOptions['pull'] {
  const policies = ['missing', 'always', 'never'] as const;
  return choice('--pull', stringOption(parsed, 'pull'), policies) ?? 'missing';
}

/** Throws UsageError. */
export function restartPolicy(value: string | undefined): RestartPolicy | undefined {
  if (value === undefined) return undefined;
  const match = /^(no|always|unless-stopped|on-failure)(?::(\d{1,9}))?$/.exec(value);
  const name = match?.[1] as RestartPolicy['name'] | undefined;
  if (!name || (match?.[2] !== undefined && name !== 'on-failure'))
    throw new UsageError(
      `Cannot use --restart ${value}: no, on-failure, on-failure:N, always, unless-stopped are allowed`,
    );
  return { name, retries: Number(match?.[2] ?? 0) };
}

export function hostname(value: string | undefined): string | undefined {
  if (value === undefined || /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62})$/.test(value)) return value;
  throw new UsageError(
    `Cannot use --hostname ${value}: up to 63 letters, digits, "." and "-" are allowed`,
  );
}

/** Reads a unicast address: its first octet is even. */
export function macAddress(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const mac = value.toLowerCase();
  if (/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/.test(mac) && mac !== '00:00:00:00:00:00') return mac;
  throw new UsageError(
    `Cannot use --mac-address ${value}: six pairs of hex digits are wanted, such as 00:16:3e:12:34:56, with an even first one`,
  );
}
