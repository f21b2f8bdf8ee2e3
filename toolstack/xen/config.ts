// SPDX-License-Identifier: Apache-2.0
// How a micro-domain is described to libxl: libxl_domain_config as JSON (field names are those of libxl_types.idl).

import type { GuestType } from './host.js';

export interface DomainConfig {
  name: string;
  uuid: string;
  type: GuestType;
  /** vCPUs the domain is made with; `onlineVcpus` of them are available at first. */
  maxVcpus: number;
  onlineVcpus: number;
  /** What memory may grow to, and what it starts with. Paging pool and static-max follow the first. */
  maxMemoryKib: number;
  memoryKib: number;
  kernel: string;
  initrd: string;
  cmdline: string;
}

/** The ring of a vchan is granted by the guest: this many frames of grants are ample for it and its devices. */
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
