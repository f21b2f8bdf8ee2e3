// SPDX-License-Identifier: Apache-2.0
// create: makes a container of a bundle that waits for its start: a domain with the bundle's shares, crun's create in it, a stand-in in dom0.

import { AgentType, decodePid } from '../../../agent/wire.js';
import { encodeStart } from '../../../agent/wire-process.js';
import type { Client } from '../../../api/client.js';
import { ProcessFlag } from '../../../api/wire.js';
import { writeAtomic } from '../../../base/files.js';
import { Steps } from '../../../base/steps.js';
import { OWN_FILES } from '../../../sandbox/shares/shares.js';
import { limitWithin } from '../../../sandbox/size/size.js';
import { ROOTFS, type ContainerSandbox } from '../../../sandbox/sandbox.js';
import { enterCgroup } from '../engine/cgroup.js';
import type { BundleConfig } from '../config/config.js';
import type { OciContainer } from '../container/container.js';
import { fitDomain } from '../pod/domain-size.js';
import { enterOther, makeOwn } from '../pod/enter.js';
import { OciError, programError, stateError } from '../errors.js';
import type { GuestLayout } from '../config/guest-config.js';
import { runHooks } from '../engine/hooks.js';
import { GuestNetwork } from '../engine/network.js';
import type { CreateRequest, OciPlan } from '../config/plan.js';
import { membersOf, type Joining } from '../pod/pod.js';
import { sizeOf, standInOf } from '../config/process.js';
import type { OciRecord } from '../container/record.js';
import { sharedMemoryPath, shareMemory } from '../pod/dev-shm.js';
import type { DeviceGivers, OciServices } from '../services.js';
import { stateOf } from '../command-line/state.js';

/** Takes a container's devices back when it ends. */
export function giveBackAtEnd(devices: DeviceGivers, container: OciContainer): void {
  const { key } = container.record;
  void container.ended.then(() => devices.ends(key));
  void container.finished.then(() => devices.takeBack(key));
}

const CREATE_MS = 130_000;

/** Resolves when the container can be started. When it rejects, the caller undoes the container. */
export async function create(
  services: OciServices,
  container: OciContainer,
  { config, guest, joining }: OciPlan,
  { pidFile, consoleSocket, containers }: CreateRequest & { containers: readonly OciContainer[] },
  client: Client,
): Promise<void> {
  const { record } = container;
  const { store } = services;
  const steps = new Steps(services.sandbox.host.log, `OCI container ${record.id}`);
  await services.devices.give(record.key, record.id, guest.devices);
  giveBackAtEnd(services.devices, container);
  if (guest.rootfs !== '9pfs')
    services.sandbox.host.log.info(
      `OCI container ${record.id} has its root filesystem by ${guest.rootfs}, as its annotations say`,
    );
  record.cgroup = await enterCgroup(config.cgroupsPath);
  await steps.time('save', store.save(record));
  if (joining) await fitDomain(services.sandbox, joining.owner, containers);
  container.going.signal.throwIfAborted();
  const prepare = (made: ContainerSandbox): Promise<void> =>
    standIn(services, container, { config, consoleSocket }, made, client);
  await steps.time(
    'domain',
    joining
      ? enterOther(services, container, joining.owner, prepare)
      : makeOwn(services, container, client.signal, prepare),
  );
  const { sandbox } = container;
  container.going.signal.throwIfAborted();
  await steps.time('hooks', beforeStart(config, container, client));
  if (!sandbox) throw stateError('create', record);
  if (!joining) await steps.time('network', beginNetwork(services, container));
  const isShared = joining
    ? await shareMemory(container, [joining.owner, ...membersOf(joining.owner, containers)])
    : false;
  const { rows, cols } = sizeOf(config.process);
  const start = encodeStart({
    process: container.first,
    flags: record.flags,
    rows,
    cols,
    rootfs: '',
    files: {},
    container: record.key,
    config: guest.configAt(layoutOf(record, joining, isShared)),
  });
  const link = await sandbox.agent();
  const request = link.request(AgentType.CREATE, start, 'the container', CREATE_MS);
  const answer = await steps.time('guest', request).catch((error: unknown) => {
    throw programError(error, config.process.args);
  });
  container.going.signal.throwIfAborted();
  record.guestPid = decodePid(answer);
  // The container engine does not know of the container yet, and would not wait for its end.
  if (record.state !== 'creating')
    throw new OciError(
      'ERR_OCI_STATE',
      `its guest ended before it was created: ${record.reason ?? 'killed'}`,
    );
  await container.transition('make');
  // Container engines read the pid as soon as the file exists.
  if (pidFile !== '') await writeAtomic(pidFile, String(record.pid), { lasts: false });
  if (!joining) container.domain?.sandbox.recordLater();
  steps.done();
}

function layoutOf(
  { key, place, limits, sandbox }: OciRecord,
  joining: Joining | undefined,
  isShared: boolean,
): GuestLayout {
  const shared = {
    sandbox,
    joined: joining?.joined ?? new Map<string, string>(),
    shm: isShared ? sharedMemoryPath(key) : undefined,
  };
  return place
    ? {
        ...shared,
        device: place.files ?? OWN_FILES,
        rootfs: key,
        cgroup: key,
        isAlone: false,
        memoryBytes: limits.memoryBytes,
      }
    : {
        ...shared,
        device: OWN_FILES,
        rootfs: ROOTFS,
        cgroup: 'container',
        isAlone: true,
        memoryBytes: limitWithin(limits.memoryBytes),
      };
}

/** Leaves a stand-in in dom0 for the container's first process. */
export async function standIn(
  { store }: OciServices,
  container: OciContainer,
  { config, consoleSocket }: { config: BundleConfig; consoleSocket: string },
  { shim, shimSocket }: ContainerSandbox,
  client: Client,
): Promise<void> {
  const { record, first } = container;
  const { flags } = record;
  // A clone of the pool brings its own id and domain, which a later thawd must know.
  await store.save(record);
  await shim.expect(first, flags, '', store.statusPath(record.key));
  const process = { process: first, console: consoleSocket, flags: flags | ProcessFlag.STATS };
  const network = config.namespaces.find(({ type }) => type === 'network')?.path ?? '';
  record.pid = await client.standIn(standInOf(record, { shimSocket, ...process }, network));
  // The pid tells a thawd that undoes the container to run its poststop hooks: other hooks have run by then.
  if (record.hooks.poststop.length > 0) await store.save(record);
}

/** Carries the engine's network into the container's own domain. Rejects as GuestNetwork.begin() does. */
export async function beginNetwork(services: OciServices, container: OciContainer): Promise<void> {
  if (!container.domain) return;
  const { sandbox } = container.domain;
  container.network = new GuestNetwork(services.sandbox.host, container, sandbox);
  await container.network.begin();
}

/** Runs the hooks for a container whose namespaces exist and whose guest runs nothing: they may set up its network. Rejects with ERR_OCI_HOOK. */
export async function beforeStart(
  { hooks }: BundleConfig,
  { record, going }: OciContainer,
  client: Client,
): Promise<void> {
  const { bundle: cwd, pid } = record;
  const signal = AbortSignal.any([client.signal, going.signal]);
  const run = { state: JSON.stringify(stateOf(record)), cwd, signal };
  await runHooks('prestart', hooks.prestart, run);
  await runHooks('createRuntime', hooks.createRuntime, run);
  await runHooks('createContainer', hooks.createContainer, { ...run, pid });
}
