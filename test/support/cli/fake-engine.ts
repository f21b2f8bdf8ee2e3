// SPDX-License-Identifier: Apache-2.0
// The command line's two borders: an engine that records its calls, and a client that keeps its output.

import { PodError } from '../../../toolstack/runtime/pod/index.js';
import type {
  Change,
  Client,
  ContainerStats,
  ContainerSummary,
  Engine,
  HostInfo,
  NetworkSummary,
  PodSummary,
  VolumeSummary,
  ProcessInfo,
  TemplateSummary,
  DiskUsage,
  ImageInspected,
  ImageSummary,
  ThawEvent,
} from '../../../toolstack/api/engine.js';
import { inspectContainer } from '../../../toolstack/runtime/inspect/inspect.js';
import { RecordStore } from '../../../toolstack/runtime/store/record.js';
import { containerRecord } from '../runtime/container-record.js';

export const CONTAINER: ContainerSummary = {
  id: 'ab'.repeat(32),
  name: 'web',
  image: 'busybox:latest',
  command: ['sh', '-c', 'true'],
  created: Date.now() - 5000,
  state: 'running',
  domid: 7,
  type: 'pvh',
  memoryBytes: 64 * 2 ** 20,
  cpus: 1,
  imageId: 'sha256:cd',
  labels: {},
  restarts: 0,
  ports: [],
  addresses: ['10.94.0.2'],
  network: 'thaw',
  mounts: [{ source: 'db', destination: '/var/lib/db' }],
};

export const IMAGE: ImageSummary = {
  id: `sha256:${'cd'.repeat(32)}`,
  names: ['busybox:latest'],
  size: 2 ** 21,
  created: '1970-01-01T00:00:00Z',
  layers: 1,
  digest: `sha256:${'ef'.repeat(32)}`,
  labels: { team: 'a' },
  containers: 1,
};

const TEMPLATE: TemplateSummary = {
  name: 'web',
  image: 'web:latest',
  command: ['serve'],
  created: 0,
  key: 'k',
  kind: 'image',
  type: 'pvh',
  vcpus: 1,
  memoryBytes: 2 ** 26,
  bytes: 2 ** 24,
  ready: 1,
};

export const INFO: HostInfo = {
  version: '0.0.0',
  xen: { version: '4.20.0', capabilities: ['pv', 'hap'], commandline: '' },
  host: { cpus: 2, memoryBytes: 2 ** 32, freeMemoryBytes: 2 ** 31 },
  defaults: { type: 'pvh', memoryBytes: 2 ** 28 },
  templates: [{ key: 'k', type: 'pvh', vcpus: 1, memoryBytes: 2 ** 26, bytes: 2 ** 24, ready: 2 }],
  containers: { running: 1, ended: 2 },
  images: 3,
  disks: [
    {
      path: '/var',
      holds: ['images', 'writable layers'],
      totalBytes: 2 ** 35,
      freeBytes: 2 ** 34,
      reserveBytes: 2 ** 30,
    },
  ],
  paths: { state: '/state', run: '/run', guest: '/guest' },
};

export const INSPECTED = inspectContainer(containerRecord(), new RecordStore('/containers'));

export const IMAGE_INSPECTED: ImageInspected = {
  Id: 'cd'.repeat(32),
  Digest: IMAGE.digest,
  RepoTags: IMAGE.names,
  RepoDigests: [],
  Comment: '',
  Created: '2020-01-02T03:04:05Z',
  Config: { Cmd: ['sh'] },
  Author: '',
  Architecture: 'amd64',
  Os: 'linux',
  Size: 2 ** 21,
  Labels: {},
  ManifestType: '',
  User: '',
  RootFS: { Type: 'layers', Layers: [`sha256:${'12'.repeat(32)}`] },
  History: [
    { created: '', created_by: 'ADD rootfs.tar /', comment: '', empty_layer: false, size: 2 ** 21 },
    {
      created: '',
      created_by: `CMD ["${'x'.repeat(60)}"]`,
      comment: '',
      empty_layer: true,
      size: 0,
    },
  ],
};

const USAGE: DiskUsage[] = [
  { type: 'Images', total: 2, active: 1, bytes: 2 ** 22, reclaimableBytes: 2 ** 20 },
  { type: 'Containers', total: 0, active: 0, bytes: 0, reclaimableBytes: 0 },
];

const STATS: ContainerStats = {
  id: 'ab'.repeat(32),
  name: 'web',
  domid: 7,
  time: 11_000,
  started: 1000,
  cpuNs: 1e9,
  domainCpuNs: 2e9,
  memoryBytes: 2 ** 20,
  memoryLimitBytes: 2 ** 26,
  pids: 3,
  networkIn: 1024,
  networkOut: 2048,
  blockIn: 0,
  blockOut: 4096,
};

const PROCESS: ProcessInfo = {
  pid: 1,
  ppid: 0,
  uid: 0,
  user: 'root',
  state: 'S',
  tty: '?',
  cpuMs: 500,
  elapsedMs: 61_000,
  memoryBytes: 2 ** 20,
  command: 'httpd -f',
};

const NETWORK: NetworkSummary = {
  name: 'shop',
  isDefault: false,
  driver: 'bridge',
  bridge: 'thaw1',
  internal: false,
  hasDns: true,
  labels: {},
  subnets: [{ subnet: '10.1.2.0/24', gateway: '10.1.2.1' }],
  created: 0,
  containers: [{ name: 'web', addresses: ['10.1.2.2'] }],
};

const VOLUME: VolumeSummary = {
  name: 'data',
  path: '/var/lib/thaw/volumes/data/_data',
  labels: {},
  isAnonymous: false,
  created: 0,
  containers: ['web'],
};

const POD: PodSummary = {
  id: 'ef'.repeat(32),
  name: 'shop',
  status: 'Running',
  created: 0,
  domid: 8,
  type: 'pvh',
  memoryBytes: 2 ** 29,
  cpus: 1,
  hostname: 'shop',
  share: ['ipc', 'net', 'uts'],
  exitPolicy: 'continue',
  labels: { tier: 'front' },
  network: 'thaw',
  addresses: ['10.89.0.2'],
  ports: [],
  containers: [{ id: 'ab'.repeat(32), name: 'web', state: 'running' }],
};

const EVENTS: ThawEvent[] = [
  { time: 1000, type: 'container', action: 'start', id: 'ab12', name: 'web', image: 'busybox' },
  {
    time: 2000,
    type: 'container',
    action: 'died',
    id: 'ab12',
    name: 'web',
    image: 'busybox',
    exitStatus: 3,
  },
];

export const CHANGES: Change[] = [
  { kind: 'added', path: '/new\nline' },
  { kind: 'changed', path: '/etc' },
];

/** Makes an engine that records its calls in `calls`; `change` replaces single answers. */
export function fakeEngine(change: Partial<Engine> = {}): { engine: Engine; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const note = <T>(answer: T, ...call: unknown[]): T => {
    calls.push(call);
    return answer;
  };
  const engine: Engine = {
    run: (options) => Promise.resolve(note({ joined: true }, 'run', options)),
    exec: (name, options) => Promise.resolve(note({ joined: true }, 'exec', name, options)),
    create: (options) => Promise.resolve(note(CONTAINER.id, 'create', options)),
    start: (name, options) =>
      Promise.resolve(note({ joined: false, status: 0 }, 'start', name, options)),
    pods: () => note([POD], 'pods'),
    pod: (name) =>
      name === 'none'
        ? Promise.reject(new PodError('ERR_POD_NOT_FOUND', 'No pod is called "none"'))
        : Promise.resolve(note(POD, 'pod', name)),
    podCreate: (options) => Promise.resolve(note(POD.id, 'podCreate', options)),
    podStart: (name) => Promise.resolve(note(POD.id, 'podStart', name)),
    podStop: (name, timeoutS) => Promise.resolve(note(POD.id, 'podStop', name, timeoutS)),
    podKill: (name, signal) => Promise.resolve(note(POD.id, 'podKill', name, signal)),
    podPause: (name) => Promise.resolve(note(POD.id, 'podPause', name)),
    podUnpause: (name) => Promise.resolve(note(POD.id, 'podUnpause', name)),
    podRemove: (name, force) => Promise.resolve(note(POD.id, 'podRemove', name, force)),
    stop: (name, timeoutS) => Promise.resolve(note(undefined, 'stop', name, timeoutS)),
    restart: (name, timeoutS) => Promise.resolve(note(undefined, 'restart', name, timeoutS)),
    pause: (name) => Promise.resolve(note(undefined, 'pause', name)),
    unpause: (name) => Promise.resolve(note(undefined, 'unpause', name)),
    rename: (name, wanted) => Promise.resolve(note(undefined, 'rename', name, wanted)),
    update: (name, options) => Promise.resolve(note(CONTAINER.id, 'update', name, options)),
    wait: (name) => Promise.resolve(note(3, 'wait', name)),
    attach: (name, options) => Promise.resolve(note({ joined: true }, 'attach', name, options)),
    copy: (options) => Promise.resolve(note({ joined: false, status: 0 }, 'copy', options)),
    exportFiles: (name, output) =>
      Promise.resolve(note({ joined: false, status: 0 }, 'exportFiles', name, output)),
    commit: (name, options) => Promise.resolve(note(IMAGE.id, 'commit', name, options)),
    changes: (name) => Promise.resolve(note(CHANGES, 'changes', name)),
    stats: (names) => Promise.resolve(note([STATS], 'stats', names)),
    processes: (name) => Promise.resolve(note([PROCESS], 'processes', name)),
    find: (name) => Promise.resolve(note(CONTAINER, 'find', name)),
    networks: () => note([NETWORK], 'networks'),
    network: (name) => Promise.resolve(note(NETWORK, 'network', name)),
    networkCreate: (options) =>
      Promise.resolve(note({ ...NETWORK, name: options.name }, 'networkCreate', options)),
    networkRemove: (name) => Promise.resolve(note(undefined, 'networkRemove', name)),
    volumes: () => note([VOLUME], 'volumes'),
    volume: (name) => Promise.resolve(note(VOLUME, 'volume', name)),
    volumeCreate: (options) =>
      Promise.resolve(note(options.name ?? 'ab12', 'volumeCreate', options)),
    volumeRemove: (name, force) => Promise.resolve(note(undefined, 'volumeRemove', name, force)),
    inspect: (name) => Promise.resolve(note(INSPECTED, 'inspect', name)),
    events: ({ tell, ...filter }) => {
      for (const event of EVENTS) tell(event);
      return Promise.resolve(note(undefined, 'events', filter));
    },
    checkHealth: (name) => Promise.resolve(note(true, 'checkHealth', name)),
    look: () => Promise.resolve(),
    list: (all) => note([CONTAINER], 'list', all),
    kill: (name, signal) => Promise.resolve(note(undefined, 'kill', name, signal)),
    remove: (name, force) => Promise.resolve(note(CONTAINER.id, 'remove', name, force)),
    logs: (name, options) => Promise.resolve(note(undefined, 'logs', name, options)),
    images: () => Promise.resolve(note([IMAGE], 'images')),
    pull: (reference, options, client) => {
      client.err('Copying\n');
      return Promise.resolve(note(IMAGE, 'pull', reference, options));
    },
    removeImage: (reference, options) =>
      Promise.resolve(note(['Deleted'], 'removeImage', reference, options)),
    inspectImage: (reference) => Promise.resolve(note(IMAGE_INSPECTED, 'inspectImage', reference)),
    tagImage: (reference, names) => Promise.resolve(note(undefined, 'tagImage', reference, names)),
    untagImage: (reference, names) =>
      Promise.resolve(note(undefined, 'untagImage', reference, names)),
    pushImage: (reference, destination, options) =>
      Promise.resolve(note(undefined, 'pushImage', reference, destination, options)),
    saveImage: (reference, options) =>
      Promise.resolve(note(undefined, 'saveImage', reference, options)),
    loadImages: (path) => Promise.resolve(note(IMAGE.names, 'loadImages', path)),
    pruneLayers: () => Promise.resolve(note(undefined, 'pruneLayers')),
    pruneImages: (all) =>
      Promise.resolve(note({ images: [IMAGE.id], bytes: 2 ** 20 }, 'pruneImages', all)),
    usage: () => Promise.resolve(note(USAGE, 'usage')),
    freeze: (options) =>
      Promise.resolve(note({ ...TEMPLATE, name: options.name }, 'freeze', options)),
    freezeContainer: (container, options) =>
      Promise.resolve(
        note(
          { ...TEMPLATE, kind: 'container' as const, name: options.name },
          'freezeContainer',
          container,
          options,
        ),
      ),
    clone: (container, options) =>
      Promise.resolve(
        note(
          Array.from({ length: options.count }, (_, i) => ({ ...CONTAINER, name: `clone-${i}` })),
          'clone',
          container,
          options,
        ),
      ),
    checkpoint: (name, options) => Promise.resolve(note(undefined, 'checkpoint', name, options)),
    restore: (options) => Promise.resolve(note(CONTAINER.id, 'restore', options)),
    unfreeze: (name) => Promise.resolve(note(undefined, 'unfreeze', name)),
    templates: () => Promise.resolve(note([TEMPLATE], 'templates')),
    info: () => Promise.resolve(note(INFO, 'info')),
    policyCheck: (request) =>
      Promise.resolve(
        note({ path: '/p.toml', rules: 1, verdicts: [], messages: [] }, 'policyCheck', request),
      ),
    policyReload: () => Promise.resolve(note(1, 'policyReload')),
    ...change,
  };
  return { engine, calls };
}

/** Yields `text` as a client's input. */
export async function* inputOf(text: string): AsyncGenerator<Buffer> {
  await Promise.resolve();
  if (text !== '') yield Buffer.from(text);
}

/** A client with no terminal. */
export function fakeClient(change: Partial<Client> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const client: Client = {
    cwd: '/',
    env: {},
    rows: 0,
    cols: 0,
    signal: new AbortController().signal,
    isTerminal: { stdin: false, stdout: false, stderr: false },
    out: (data) => void out.push(data.toString()),
    err: (data) => void err.push(data.toString()),
    detachKeys: Buffer.alloc(0),
    drained: () => Promise.resolve(),
    input: () => inputOf(''),
    join: () => Promise.resolve(),
    standIn: () => Promise.resolve(1),
    ...change,
  };
  return { client, out: () => out.join(''), err: () => err.join('') };
}
