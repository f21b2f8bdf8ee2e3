// SPDX-License-Identifier: Apache-2.0
// From a bundle to a container that waits for its start: a domain with the bundle's files, crun's create in it, a stand-in in dom0.

import { AgentType, encodeStart } from '../agent/wire.js';
import type { Client } from '../api/client.js';
import { ProcessFlag } from '../api/wire.js';
import { newContainerId, sandboxIdOf } from '../base/ids.js';
import { writeAtomic } from '../base/files.js';
import { createSandbox } from '../sandbox/create.js';
import { checkLimits, limitWithin } from '../sandbox/limits.js';
import type { Pool } from '../sandbox/pool.js';
import { newSandboxRecord } from '../sandbox/record.js';
import type { SandboxServices } from '../sandbox/services.js';
import { enterCgroup } from './cgroup.js';
import { readConfig, type BundleConfig } from './config.js';
import { FIRST_PROCESS, type OciContainer } from './container.js';
import { configError, OciError, programError } from './errors.js';
import { planGuest } from './guest-config.js';
import { runHooks } from './hooks.js';
import { limitsOf } from './limits.js';
import { carryNetwork } from './network.js';
import { sizeOf, standInOf } from './process.js';
import type { OciRecord, OciStore } from './record.js';
import { stateOf } from './state.js';

export interface OciServices {
  sandbox: SandboxServices;
  pool: Pool;
  store: OciStore;
}

export interface CreateRequest {
  id: string;
  /** Absolute, as the bundle. */
  root: string;
  bundle: string;
  /** Absolute, as the console socket; '' for none. */
  pidFile: string;
  consoleSocket: string;
  /** The caller stays until its end, and lends it its own terminal. */
  isAttended?: boolean;
}

export interface OciPlan {
  config: BundleConfig;
  /** For the guest's crun. */
  guest: string;
  record: OciRecord;
}

const CREATE_MS = 130_000;

/** What the bundle comes to, before anything is made. Rejects with ERR_OCI_CONFIG and ERR_OCI_CONSOLE. */
export async function planCreate(
  { sandbox }: OciServices,
  { id, root, bundle, consoleSocket, isAttended = false }: CreateRequest,
): Promise<OciPlan> {
  const config = await readConfig(bundle);
  const { terminal } = config.process;
  if (terminal !== (consoleSocket !== '') && !(isAttended && terminal))
    throw new OciError(
      'ERR_OCI_CONSOLE',
      terminal
        ? 'process.terminal is true: --console-socket is wanted for its terminal'
        : '--console-socket is given, but process.terminal is not true',
    );
  const wanted = limitsOf(config.resources);
  const limits = await checkLimits(wanted, sandbox).catch((error: unknown) => {
    throw configError('linux.resources', error instanceof Error ? error.message : String(error));
  });
  const { config: guest, files } = await planGuest(config, bundle, limitWithin(wanted.memoryBytes));
  const own = newContainerId();
  const name = `oci-${id.slice(0, 40)}-${own.slice(0, 6)}`;
  const layers = { layers: [], inMemory: true };
  const hostname = config.hostname === '' ? own.slice(0, 12) : config.hostname;
  const sandboxId = sandboxIdOf(own);
  const record = newSandboxRecord(
    { id: sandboxId, name, hostname, ...layers },
    limits,
    sandbox.macs,
  );
  record.files = files;
  return {
    ...{ config, guest },
    record: {
      key: sandboxId,
      ...{ id, root, bundle, ociVersion: config.ociVersion, annotations: config.annotations },
      ...{
        process: config.process,
        limits: wanted,
        hooks: { poststart: config.hooks.poststart, poststop: config.hooks.poststop },
      },
      ...{ state: 'creating', pid: 0, created: Date.now(), cgroup: '', sandbox: record },
      flags: ProcessFlag.STDIN | (terminal ? ProcessFlag.TTY : 0),
    },
  };
}

/** Resolves when it can be started. Rejects when it cannot; whoever asked then undoes it. */
export async function create(
  services: OciServices,
  container: OciContainer,
  { config, guest }: OciPlan,
  { pidFile, consoleSocket }: CreateRequest,
  client: Client,
): Promise<void> {
  const { record, events } = container;
  const { sandbox, pool, store } = services;
  const { flags } = record;
  record.cgroup = await enterCgroup(config.cgroupsPath);
  await store.save(record);
  container.sandbox = await createSandbox(sandbox, pool, record.sandbox, {
    ...{ events, signal: AbortSignal.any([client.signal, container.going.signal]) },
    meanwhile: async (made) => {
      // A clone that waited has an id and a domain of its own.
      await store.save(record);
      await made.shim.expect(FIRST_PROCESS, flags, '', store.statusPath(record));
      const process = { process: FIRST_PROCESS, flags, console: consoleSocket };
      const network = config.namespaces.find(({ type }) => type === 'network')?.path ?? '';
      const what = { shimSocket: made.shimSocket, ...process };
      record.pid = await client.standIn(standInOf(record, what, network));
      // Whoever undoes it runs those hooks that are for what the others made.
      if (record.hooks.poststop.length > 0) await store.save(record);
    },
  });
  container.going.signal.throwIfAborted();
  await beforeStart(config, container, client);
  await carryNetwork(container.sandbox, record.pid);
  const { rows, cols } = sizeOf(config.process);
  const start = encodeStart({
    ...{ process: FIRST_PROCESS, flags, rows, cols, rootfs: '', files: {} },
    ...{ container: record.key, config: guest },
  });
  const link = await container.sandbox.agent();
  await link
    .request(AgentType.CREATE, start, 'the container', CREATE_MS)
    .catch((error: unknown) => {
      throw programError(error, config.process.args);
    });
  await container.sandbox.settle();
  // Nobody has heard of its end yet, and nobody would wait for it.
  if (record.state !== 'creating')
    throw new OciError(
      'ERR_OCI_STATE',
      `its guest ended before it was created: ${record.reason ?? 'killed'}`,
    );
  await container.update({ state: 'created' });
  // Engines look at the pid as soon as it is there.
  if (pidFile !== '') await writeAtomic(pidFile, String(record.pid), { lasts: false });
}

/** Its namespaces are there and nothing runs in its guest: an engine's hooks may fill the network. Rejects with ERR_OCI_HOOK. */
async function beforeStart(
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
