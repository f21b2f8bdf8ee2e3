// SPDX-License-Identifier: Apache-2.0
// The shapes that pass between libxl and TypeScript: domains, host, events. Units are in the names; fields follow libxl_types.idl.

export type DomainType = 'hvm' | 'pv' | 'pvh' | 'invalid';

export type ShutdownReason =
  'poweroff' | 'reboot' | 'suspend' | 'crash' | 'watchdog' | 'soft_reset' | 'unknown';

/** One domain as Xen sees it (libxl_dominfo). Dying ones (zombies) are listed too; they have no name. */
export interface DomainInfo {
  domid: number;
  /** Lower case with dashes. */
  uuid: string;
  /** From xenstore (/local/domain/N/name); absent once xenstore has forgotten the domain. */
  name?: string;
  running: boolean;
  blocked: boolean;
  paused: boolean;
  shutdown: boolean;
  dying: boolean;
  /** Meaningful only when `shutdown`. */
  shutdownReason: ShutdownReason;
  currentMemKib: number;
  maxMemKib: number;
  outstandingMemKib: number;
  sharedMemKib: number;
  pagedMemKib: number;
  vcpuOnline: number;
  vcpuMaxId: number;
  cpuTimeNs: bigint;
  /** Xen itself knows only pv and hvm: PVH domains show as hvm, and libxl's /libxl/N/type tells them apart. */
  domainType: DomainType;
}

/** The host's hardware as Xen reports it (libxl_physinfo). */
export interface Physinfo {
  threadsPerCore: number;
  coresPerSocket: number;
  nrCpus: number;
  maxCpuId: number;
  cpuKhz: number;
  nrNodes: number;
  totalMemKib: number;
  freeMemKib: number;
  scrubMemKib: number;
  outstandingMemKib: number;
  /** xl info's virt_caps: which kinds of guest this host runs. */
  capabilities: {
    pv: boolean;
    hvm: boolean;
    hap: boolean;
    shadow: boolean;
    hvmDirectio: boolean;
    gnttabV1: boolean;
    gnttabV2: boolean;
  };
}

/** The hypervisor itself (libxl_version_info). */
export interface VersionInfo {
  major: number;
  minor: number;
  extra: string;
  /** `4.20.5-pre`: the three above as people write them. */
  version: string;
  compiler: string;
  compileDate: string;
  /** xen_caps, e.g. `xen-3.0-x86_64 hvm-3.0-x86_64`. */
  capabilities: string;
  changeset: string;
  commandline: string;
  buildId: string;
  pageSize: number;
}

/** What libxenctrl says of one domain (xc_domaininfo_t), for accounting. */
export interface DomainAccounting {
  domid: number;
  /** Its handle, as libxl writes a uuid. */
  uuid: string;
  totPages: number;
  maxPages: number;
  outstandingPages: number;
  sharedPages: number;
  pagedPages: number;
  /** Bytes of the paging (p2m, shadow) pool; 0 for PV, which has none unless it is migrated. */
  pagingPoolBytes: number;
  dying: boolean;
}

/** A death watch's news. A domain that is destroyed before it shuts down gives only `domain_death`. */
export type DomainEvent =
  | { type: 'domain_shutdown'; domid: number; shutdownReason: ShutdownReason }
  | { type: 'domain_death'; domid: number };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogListener = (level: LogLevel, message: string) => void;

/** Counts of a trimmed stream. Pages are 4 KiB. */
export interface TrimResult {
  /** Page entries seen in PAGE_DATA records, whatever their type. */
  pages: number;
  /** Pages whose contents are in the output. */
  dataPages: number;
  /** Pages that became allocate-only because they were zero. */
  zeroPages: number;
  /** Bytes written. */
  bytes: number;
}

/** What a clone's domain is made with; the names are those of struct xen_domctl_createdomain (xen/domctl.h). -1 as 0xffffffff. */
export interface CloneSpec {
  /** XEN_DOMCTL_CDF_*. */
  flags: number;
  maxVcpus: number;
  maxEvtchnPort: number;
  maxGrantFrames: number;
  maxMaptrackFrames: number;
  grantVersion: number;
  cpupool: number;
  emulationFlags: number;
  miscFlags: number;
  /** What Xen lets the domain have at first. */
  maxKib: number;
  /** What the memory map may reach; PV only. */
  memmapKib: number;
  /** Paging pool; PVH only. */
  poolBytes: number;
}

/** Pages that a clone finds shared with dom0 as it wakes: 8 bytes for each, its grant and its frame. */
export interface CloneRings {
  /** Of the agent's control channel and its data channel; empty: the agent waits for the wake node in xenstore. */
  channels: Uint8Array;
  /** Of the vif, that of its transmit ring first; empty: it looks for its back end in xenstore. */
  vif: Uint8Array;
}

/** A new, paused domain, and where its rings are: guest frames of a PVH domain, machine frames of a PV one. */
export interface CloneResult {
  domid: number;
  storeFrame: number;
  storePort: number;
  consoleFrame: number;
  consolePort: number;
  /** The guest's ends of the event channels of its rings; 0 without rings. */
  controlPort: number;
  dataPort: number;
  vifTxPort: number;
  vifRxPort: number;
  /** How long its steps took: the domain, its frames, their contents, its state. */
  stepsMs: { create: number; populate: number; copy: number; state: number };
}

/** Part of a file, in bytes; `end` is behind its last one. */
export interface DataRange {
  start: number;
  end: number;
}
