// SPDX-License-Identifier: Apache-2.0
// thaw inspect: reports everything known about a container, in podman's format.

import type { CreateOptions, HealthCheck, Inspected } from '../../api/engine.js';
import { ProcessFlag, shellStatus } from '../../api/wire.js';
import { defined } from '../../base/defined.js';
import { signalName } from '../../base/signals.js';
import { isUp } from '../lifecycle/lifecycle.js';
import { propagationOf, shareOf } from '../create/mounts.js';
import { memoryOf, pidsLimitOf, type ContainerRecord, type RecordStore } from '../store/record.js';
import { pausedBy } from '../store/disk-pause.js';
import { STOP_TIMEOUT_S } from '../lifecycle/stop.js';

/** Pure. */
export function inspectContainer(record: ContainerRecord, records: RecordStore): Inspected {
  const { id, name, created, command, image, imageId, sandbox, restarts = 0 } = record;
  const [path = '', ...args] = command;
  return {
    Id: id,
    Name: name,
    Created: timeText(created),
    Path: path,
    Args: args,
    State: stateOf(record),
    Image: imageId.replace(/^sha256:/, ''),
    ImageName: image,
    RestartCount: restarts,
    Domain: {
      Id: isUp(record) ? (sandbox.domid ?? null) : null,
      Uuid: sandbox.uuid,
      Type: sandbox.type,
      Vcpus: sandbox.vcpus,
      Memory: sandbox.memoryKib * 1024,
    },
    Config: configOf(record),
    HostConfig: hostConfigOf(record),
    NetworkSettings: networkOf(record),
    Mounts: mountsOf(record),
    LogPath: records.logPath(id),
  };
}

/** Source may be empty for a volume: thaw volume inspect tells the volume's folder in dom0 by its name. */
function mountsOf({ options, sandbox }: ContainerRecord): Inspected['Mounts'] {
  const { mounts = [] } = options ?? {};
  return mounts.map((mount) => ({
    Type: mount.type,
    ...(mount.type === 'volume' ? { Name: mount.source, Driver: 'local' } : {}),
    Source:
      shareOf(sandbox.files ?? [], mounts, mount)?.path ??
      (mount.type === 'bind' ? mount.source : ''),
    Destination: mount.destination,
    Mode: '',
    Options: mount.options,
    RW: !mount.readOnly,
    Propagation: propagationOf(mount.options),
  }));
}

function stateOf(record: ContainerRecord): Inspected['State'] {
  const { state, exit, reason, started, finished, health } = record;
  return {
    Status: state,
    Running: state === 'running',
    Paused: state === 'paused',
    ...defined({ PausedBy: pausedBy(record) }),
    OOMKilled: exit?.oomKilled === true,
    // The same value as in thaw wait: the exit status is unknown, and 0 would look like success.
    ExitCode: exit ? shellStatus(exit) : state === 'lost' ? -1 : 0,
    Error: reason ?? '',
    StartedAt: timeText(started),
    FinishedAt: timeText(finished),
    ...(health
      ? {
          Health: {
            Status: health.status,
            FailingStreak: health.failures,
            Log: health.log.map(({ start, end, exitCode }) => ({
              Start: timeText(start),
              End: timeText(end),
              ExitCode: exitCode,
            })),
          },
        }
      : {}),
  };
}

function networkOf(record: ContainerRecord): Inspected['NetworkSettings'] {
  const { mac, network } = record.sandbox;
  const addresses = isUp(record) ? (network?.addresses ?? []) : [];
  const [four, six] = [4, 6].map((family) => addresses.find((one) => one.family === family));
  const Ports: Inspected['NetworkSettings']['Ports'] = {};
  for (const port of isUp(record) ? (network?.ports ?? []) : [])
    (Ports[`${port.containerPort}/${port.protocol}`] ??= []).push({
      HostIp: port.hostIp,
      HostPort: String(port.hostPort),
    });
  const own = {
    MacAddress: network?.namespace?.link.mac ?? mac,
    IPAddress: four?.address ?? '',
    IPPrefixLen: four?.prefix ?? 0,
    Gateway: four?.gateway ?? '',
    GlobalIPv6Address: six?.address ?? '',
    GlobalIPv6PrefixLen: six?.prefix ?? 0,
    Aliases: network?.names ?? [],
    ...(network?.maySpoof ? { MaySpoof: true } : {}),
  };
  const { MacAddress, IPAddress, GlobalIPv6Address, Gateway } = own;
  const Networks = network ? { [network.network]: own } : {};
  return { MacAddress, IPAddress, GlobalIPv6Address, Gateway, Ports, Networks };
}

/** Returns RFC 3339 text. An undefined time becomes Go's zero time. */
function timeText(ms: number | undefined): string {
  return ms === undefined ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString();
}

function configOf(record: ContainerRecord): Inspected['Config'] {
  const { process, flags, sandbox, command } = record;
  const options: Partial<CreateOptions> = record.options ?? {};
  const { uid = 0, gid = 0 } = process?.user ?? {};
  return {
    Hostname: sandbox.hostname,
    User: options.user ?? (uid === 0 ? '' : `${uid}:${gid}`),
    Env: process?.env ?? [],
    Cmd: command,
    WorkingDir: process?.cwd ?? '/',
    Labels: options.labels ?? {},
    Tty: (flags & ProcessFlag.TTY) !== 0,
    OpenStdin: (flags & ProcessFlag.STDIN) !== 0,
    StopSignal: signalName(options.stopSignal ?? record.stopSignal ?? 15),
    StopTimeout: options.stopTimeoutS ?? STOP_TIMEOUT_S,
    ...(options.health ? { Healthcheck: healthcheckOf(options.health) } : {}),
  };
}

/** Times are in nanoseconds, like Go's durations. */
function healthcheckOf(check: HealthCheck): NonNullable<Inspected['Config']['Healthcheck']> {
  const { command, intervalMs, timeoutMs, retries, startPeriodMs } = check;
  return {
    Test: ['CMD', ...command],
    Interval: intervalMs * 1e6,
    Timeout: timeoutMs * 1e6,
    Retries: retries,
    StartPeriod: startPeriodMs * 1e6,
  };
}

function hostConfigOf(record: ContainerRecord): Inspected['HostConfig'] {
  const { rm, cpus } = record;
  const options: Partial<CreateOptions> = record.options ?? {};
  const { restart = { name: 'no', retries: 0 }, ulimits = [], tmpfs = [], addHosts = [] } = options;
  return {
    AutoRemove: rm,
    RestartPolicy: { Name: restart.name, MaximumRetryCount: restart.retries },
    Memory: memoryOf(record),
    NanoCpus: Math.round(cpus * 1e9),
    PidsLimit: pidsLimitOf(record),
    ReadonlyRootfs: options.readOnly ?? false,
    CapAdd: options.capAdd ?? [],
    CapDrop: options.capDrop ?? [],
    Ulimits: ulimits.map(({ type, soft, hard }) => ({ Name: type, Soft: soft, Hard: hard })),
    Tmpfs: Object.fromEntries(tmpfs.map((mount) => [mount.path, mount.options.join(',')])),
    ExtraHosts: addHosts.map((host) => `${host.name}:${host.address}`),
    Dns: options.dns ?? [],
  };
}
