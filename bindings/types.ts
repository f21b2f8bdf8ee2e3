// SPDX-License-Identifier: Apache-2.0
// Types that pass between libxl and TypeScript: domains, host, events. Names contain the units; fields follow libxl_types.idl.

export type DomainType = 'hvm' | 'pv' | 'pvh' | 'invalid';

export type ShutdownReason =
  'poweroff' | 'reboot' | 'suspend' | 'crash' | 'watchdog' | 'soft_reset' | 'unknown';

/** One domain as Xen sees it (libxl_dominfo). Dying domains (zombies) are listed too; they have no name. */
export interface DomainInfo {
  domid: number;
  /** Lower case with dashes. */
  uuid: string;
  /** From xenstore (/local/domain/N/name); absent once xenstore no longer has the domain. */
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
  /** Xen itself knows only pv and hvm. PVH domains show as hvm; libxl's /libxl/N/type tells them apart. */
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
  /** xl info's virt_caps: the kinds of guest that this host runs. */
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
  /** The three fields above as text, e.g. `4.20.5-pre`. */
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

/** One domain's data from libxenctrl (xc_domaininfo_t), for accounting. */
export interface DomainAccounting {
  domid: number;
  /** The domain's handle in libxl's uuid form. */
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

/** An event of a death watch. A domain that is destroyed before it shuts down gives only `domain_death`. */
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

/** The settings of a clone's domain, named as in struct xen_domctl_createdomain (xen/domctl.h). -1 is 0xffffffff. */
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
  /** Xen's initial memory limit of the domain. */
  maxKib: number;
  /** The limit of the memory map; PV only. */
  memmapKib: number;
  /** Paging pool; PVH only. */
  poolBytes: number;
}

/** Pages that a clone shares with dom0 when it wakes: 8 bytes each, the grant and the frame. */
export interface CloneRings {
  /** The pages of the agent's control channel and data channel. Empty: the agent waits for the wake node in xenstore. */
  channels: Uint8Array;
  /** The pages of the vif, the transmit ring's first. Empty: the guest looks for its back end in xenstore. */
  vif: Uint8Array;
}

/** A new, paused domain and the frames of its rings: guest frames of a PVH domain, machine frames of a PV domain. */
export interface CloneResult {
  domid: number;
  storeFrame: number;
  storePort: number;
  consoleFrame: number;
  consolePort: number;
  /** The guest's ends of its rings' event channels; 0 without rings. */
  controlPort: number;
  dataPort: number;
  vifTxPort: number;
  vifRxPort: number;
  /** Duration of each step: making the domain, its frames, their contents, its state. */
  stepsMs: { create: number; populate: number; copy: number; state: number };
}

/** A part of a file, in bytes; `end` is the offset after the last byte. */
export interface DataRange {
  start: number;
  end: number;
}

/** Credentials of the process at the other end of a unix socket, at the time of its connect(2). */
export interface PeerCredentials {
  /** 0 for a process that this PID namespace does not show. */
  pid: number;
  uid: number;
  gid: number;
  /** Supplementary groups. */
  groups: number[];
}
