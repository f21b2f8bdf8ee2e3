// SPDX-License-Identifier: Apache-2.0
// Describes a micro-domain to libxl: libxl_domain_config as JSON, with the field names of libxl_types.idl.

import type { GuestType } from './host.js';

export interface DomainConfig {
  name: string;
  uuid: string;
  type: GuestType;
  /** Number of vCPUs of the domain; `onlineVcpus` of them are online at first. */
  maxVcpus: number;
  onlineVcpus: number;
  /** The memory that the domain may grow to, and its memory at first. Paging pool and static-max follow the former. */
  maxMemoryKib: number;
  memoryKib: number;
  kernel: string;
  initrd: string;
  cmdline: string;
}

/** Frames of the grant table. They hold the grants of a guest's vchans and devices with room to spare. */
export const MAX_GRANT_FRAMES = 32;

/** The object that Libxl.domainCreateNew and domainCreateRestore take. No devices: thaw attaches its own. */
export function libxlConfig(config: DomainConfig): object {
  return {
    c_info: { type: config.type, name: config.name, uuid: config.uuid },
    b_info: {
      max_vcpus: config.maxVcpus,
      avail_vcpus: Array.from({ length: config.onlineVcpus }, (_, i) => i),
      max_memkb: config.maxMemoryKib,
      target_memkb: config.memoryKib,
      video_memkb: 0,
      max_grant_frames: MAX_GRANT_FRAMES,
      kernel: config.kernel,
      ramdisk: config.initrd,
      cmdline: config.cmdline,
      [`type.${config.type}`]: {},
      // libxl would allow a restored domain what it does not allow a new one.
      arch_x86: { msr_relaxed: 'False' },
    },
    on_poweroff: 'destroy',
    on_reboot: 'destroy',
    on_crash: 'destroy',
  };
}
