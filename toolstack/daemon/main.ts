// SPDX-License-Identifier: Apache-2.0
// thawd: wires everything together. In this order: socket claimed, Xen, guest files, stores, recovery, then requests.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { FrozenImages } from '../clone/frozen/images.js';
import { CopyEngine } from '../clone/engine/copy-engine.js';
import { loadGuestFiles, shapeFor } from '../clone/template/shape.js';
import { Templates } from '../clone/template/templates.js';
import type { Engine } from '../api/engine.js';
import { withDeadline } from '../base/deadline.js';
import { describeError } from '../base/errors.js';
import { createLog, type Log } from '../base/log.js';
import { diskFolders, DiskReserve } from '../disk/index.js';
import { Turns } from '../base/turns.js';
import { VERSION } from '../base/version.js';
import { ContainerManager, type ContainerServices } from '../runtime/store/containers.js';
import { Events } from '../runtime/lifecycle/events.js';
import { RecordStore } from '../runtime/store/record.js';
import { diskWatch } from '../runtime/disk-watch/index.js';
import { recover } from '../runtime/recover/recover.js';
import { GivenDevices } from '../runtime/create/devices.js';
import { HealthChecks } from '../runtime/health/health.js';
import { RestartPolicies } from '../runtime/lifecycle/restart.js';
import { FolderLayers, ImageStore } from '../image/index.js';
import {
  AARDVARK,
  DEFAULT_NETWORK,
  kernelNetwork,
  NameServer,
  Networks,
} from '../network/index.js';
import { OciContainers, ociGuests, OciStore } from '../frontends/oci/index.js';
import { POD_MEMORY_BYTES, Pods, PodStore } from '../runtime/pod/index.js';
import { AuditLog, LivePolicy } from '../policy/index.js';
import { Pool } from '../sandbox/pool/pool.js';
import { ext4Tools, Volumes } from '../volume/index.js';
import { Disks } from '../sandbox/devices/disks.js';
import type { SandboxServices } from '../sandbox/services.js';
import { DEFAULT_MEMORY_BYTES } from '../sandbox/size/size.js';
import { MemoryBudget } from '../sandbox/size/memory-budget.js';
import { SandboxCgroups } from '../sandbox/shim/cgroups.js';
import { ShimSpawner } from '../sandbox/shim/process.js';
import {
  closeXenHost,
  guestTypeOn,
  openXenHost,
  type GuestType,
  type XenHost,
} from '../xen/host.js';
import { LoopDevices } from '../xen/loop.js';
import { scrubsMemory } from '../xen/scrub.js';
import { allStats, createEngine } from '../frontends/thaw/engine.js';
import { keepFrozen, listTemplates } from '../frontends/thaw/frozen.js';
import { Gate } from './gate.js';
import { givenSocket } from './given-socket.js';
import { claimSocket, listen } from './listener.js';
import { checkPolicy } from './policy-check.js';
import { parseSettings, settingsHelp, type Settings } from './settings.js';
import { takeStartingLock } from './starting-lock.js';

/** Exit status of a command line that cannot be understood. */
const USAGE_STATUS = 2;
/** Starts run side by side, since a part of each is waiting: for xenstored, the guest, disks. */
const STARTS_PER_CPU = 4;

const releaseStartingLock = takeStartingLock(process.env);
const words = process.argv.slice(2);
const settings = words[0] === '--version' ? undefined : readSettings(words);
if (settings) {
  const log = createLog(settings.logLevel);
  try {
    await start(settings, log);
  } catch (error) {
    log.error(`Cannot start: ${describeError(error)}; thaw doctor says what this host lacks`);
    process.exit(1);
  }
} else {
  process.stdout.write(words[0] === '--version' ? `thawd ${VERSION}\n` : settingsHelp());
}

/** Undefined when help is wanted. */
function readSettings(given: string[]): Settings | undefined {
  try {
    return parseSettings(given);
  } catch (error) {
    process.stderr.write(`thawd: ${describeError(error)}\n`);
    return process.exit(USAGE_STATUS);
  }
}

async function start(settings: Settings, log: Log): Promise<void> {
  const { paths, helloMs, type, pool, poolType, storageBytes, metrics } = settings;
  const { keepsBlobs, cniPath, diskReserve: setting } = settings;
  const given = await givenSocket(paths.socket);
  if (given === undefined) await claimSocket(paths.socket);
  const host = await openXenHost(log);
  if (!scrubsMemory(host.version.commandline))
    log.warn(
      'Xen does not clear memory: take bootscrub from its command line, or clones may crash',
    );
  const reserve = new DiskReserve({ folders: diskFolders(paths.state), setting });
  const options = { paths, helloMs, type, pool, storageBytes, keepsBlobs, cniPath, reserve };
  const services = await openServices(host, options, log);
  const manager = new ContainerManager(services);
  const layers = new FolderLayers(join(paths.state, 'engine-layers'), log, reserve);
  const oci = new OciContainers({
    sandbox: services.sandbox,
    pool: services.pool,
    devices: services.devices,
    // After a reboot of dom0, engines create their containers again by the same ids, as with runc.
    store: new OciStore(join(paths.run, 'oci')),
    layers,
  });
  await recover(services, manager, await oci.recover());
  await oci.sweep();
  await services.sandbox.networks.sweep();
  // A start takes an address, so thawd must first know the addresses of running containers.
  const policies = new RestartPolicies(services, manager);
  for (const { record } of manager.containers) policies.consider(record.id);
  const checks = new HealthChecks(services, manager);
  const engines = () => ociGuests(oci.services, oci.all);
  const disks = diskWatch(services, manager, reserve, engines);
  disks.start();
  await services.sandbox.templates.sweep();
  services.sandbox.shims.prepare();
  if (metrics) await startMetrics(services, manager, metrics, log);
  const audit = new AuditLog(settings.auditLog, log);
  const gate = await openGate(settings, audit, log);
  const engine: Engine = {
    ...createEngine(services, manager, { paths, layers, reserve }),
    policyCheck: (request, client) => checkPolicy(gate, engine, request, client),
    policyReload: () => gate.reload(),
  };
  const joinFolder = join(paths.run, 'joins');
  // Sockets of a killed thawd.
  await rm(joinFolder, { recursive: true, force: true });
  const server = await listen(paths.socket, engine, log, { given, oci, gate, joinFolder });
  await gate.reload().catch((error: unknown) => log.error(describeError(error)));
  releaseStartingLock();
  // No start waits for this; a start that needs it reports its error.
  services.sandbox.disks
    .blank()
    .catch((error: unknown) => log.warn(`No disks: ${describeError(error)}`));
  if (pool.min > 0) void fillPool(services, poolType);
  log.info('Ready', { socket: paths.socket, xen: host.version.version });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      policies.close();
      checks.close();
      disks.close();
      void stop(server, host, services, audit, log);
    });
  }
}

async function openServices(
  host: XenHost,
  {
    paths,
    helloMs,
    type,
    pool,
    storageBytes,
    keepsBlobs,
    cniPath,
    reserve,
  }: Omit<Settings, 'logLevel' | 'poolType' | 'metrics' | 'diskReserve' | 'policy' | 'auditLog'> & {
    reserve: DiskReserve;
  },
  log: Log,
): Promise<ContainerServices> {
  for (const folder of [paths.state, paths.run])
    await mkdir(folder, { recursive: true, mode: 0o711 });
  const copyFolder = join(paths.state, 'copies');
  // Leftovers of work of a killed thawd.
  await rm(copyFolder, { recursive: true, force: true });
  const guest = await loadGuestFiles(paths.guest);
  const physinfo = await host.libxl.physinfo();
  const sandbox: SandboxServices = {
    host,
    hostCpus: physinfo.nrCpus,
    defaultType: guestTypeOn(physinfo, type),
    templates: new Templates(host, guest, join(paths.state, 'templates'), helloMs),
    engine: new CopyEngine(host, guest, physinfo),
    loops: new LoopDevices(),
    disks: new Disks(
      join(paths.state, 'containers'),
      join(paths.state, 'disks'),
      storageBytes,
      reserve,
    ),
    reserve,
    budget: new MemoryBudget(async () => (await host.libxl.physinfo()).freeMemKib),
    shims: new ShimSpawner(paths.shim, await SandboxCgroups.open(log)),
    starts: new Turns(STARTS_PER_CPU * Math.max(1, physinfo.nrCpus)),
    networks: await Networks.open(join(paths.state, 'networks'), {
      host: kernelNetwork,
      log,
      names: new NameServer(join(paths.run, 'dns'), log, AARDVARK),
      cni: {
        folder: join(paths.state, 'cni'),
        namespaces: join(paths.run, 'netns'),
        programs: cniPath,
      },
    }),
    onClone: () => undefined,
    macs: new Set(),
    copyFolder,
    runFolder: join(paths.run, 'sandboxes'),
  };
  const clones = new Pool(sandbox, pool);
  const frozen = await FrozenImages.open(
    {
      host,
      guest,
      helloMs,
      onGone: async (template) => {
        await clones.drop(template.key);
        await sandbox.engine.forget(template);
      },
    },
    join(paths.state, 'frozen'),
  );
  sandbox.budget.onShortage = (missingKib) => clones.giveUp(missingKib);
  return {
    sandbox,
    pool: clones,
    pods: new Pods({
      sandbox,
      pool: clones,
      log,
      store: new PodStore(join(paths.state, 'pods')),
    }),
    frozen,
    images: await ImageStore.open({ root: join(paths.state, 'images'), log, keepsBlobs, reserve }),
    volumes: await Volumes.open(
      join(paths.state, 'volumes'),
      join(paths.run, 'volumes'),
      log,
      ext4Tools,
      reserve,
    ),
    records: new RecordStore(join(paths.state, 'containers')),
    devices: new GivenDevices(),
    events: new Events(),
    log,
  };
}

/** Makes the gate, and the file of logins for pulls of users without root's rights. */
async function openGate(
  { paths, policy, storageBytes }: Settings,
  audit: AuditLog,
  log: Log,
): Promise<Gate> {
  const noLogins = join(paths.run, 'no-logins.json');
  await writeFile(noLogins, '{"auths":{}}\n', { mode: 0o644 });
  const defaults = {
    memoryBytes: DEFAULT_MEMORY_BYTES,
    podMemoryBytes: POD_MEMORY_BYTES,
    diskBytes: storageBytes,
    network: DEFAULT_NETWORK,
  };
  const live = new LivePolicy(policy);
  return new Gate({ live, audit, defaults, noLogins, socket: paths.socket, log });
}

/** The Prometheus library is loaded only where metrics are configured. */
async function startMetrics(
  services: ContainerServices,
  manager: ContainerManager,
  address: { host: string; port: number },
  log: Log,
): Promise<void> {
  const { Metrics, serveMetrics } = await import('./metrics.js');
  const { host } = services.sandbox;
  const metrics = new Metrics({
    containers: () => manager.list(true),
    stats: () => allStats(services, manager, []),
    templates: () => listTemplates(services),
    memory: async () => {
      const { totalMemKib, freeMemKib } = await host.libxl.physinfo();
      return { totalBytes: totalMemKib * 1024, freeBytes: freeMemKib * 1024 };
    },
    xenVersion: host.version.version,
  });
  services.sandbox.onClone = (ms) => metrics.observeClone(ms);
  await serveMetrics(metrics, address, log);
  log.info('Serving metrics for Prometheus', address);
}

/** Fills the pool with clones of the default template. */
async function fillPool(
  services: ContainerServices,
  poolType: GuestType | undefined,
): Promise<void> {
  const { host, hostCpus, defaultType, templates } = services.sandbox;
  try {
    const type = guestTypeOn(await host.libxl.physinfo(), poolType ?? defaultType);
    services.pool.keep(await templates.get(shapeFor(type, 1, hostCpus)));
  } catch (error) {
    host.log.warn(`The pool has no clones: the template cannot be made: ${describeError(error)}`);
  }
  await keepFrozen(services);
}

/** Ends thawd and nothing else: containers, their shims and domains run on, and the next thawd finds them. */
async function stop(
  server: Server,
  host: XenHost,
  services: ContainerServices,
  audit: AuditLog,
  log: Log,
): Promise<void> {
  log.info('Ending; containers run on');
  server.close();
  const { pool, sandbox } = services;
  const going = Promise.all([pool.close(), sandbox.budget.allBack(), audit.flush()]);
  await withDeadline(going, STOP_MS, 'Domains do not end').catch((error: unknown) =>
    log.warn(`Leaving domains to the next thawd: ${describeError(error)}`),
  );
  services.sandbox.shims.close();
  await services.sandbox.networks.close();
  await services.frozen.close();
  await services.sandbox.templates.close();
  await closeXenHost(host);
  process.exit(0);
}

/** Time for pooled clones and ended containers to go. The next thawd finishes the rest. */
const STOP_MS = 10_000;
