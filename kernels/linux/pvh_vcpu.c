// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How does a PVH guest bring up a vCPU that was not online at boot? scripts/build-kernel adds this file to
 * arch/x86/xen.
 *
 * Linux takes the APIC ids of all vCPUs from the ACPI tables, but puts those listed as disabled to use only when ACPI
 * announces a CPU, which Xen never does for PVH: it writes availability into xenstore. Without this, onlining ends in
 * "invalid APIC ID" or "not present". PV guests do not start CPUs by APIC id.
 */
#include <linux/cpu.h>
#include <linux/init.h>
#include <xen/xen.h>

#include <asm/apic.h>
#include <asm/smp.h>

static int __init pvh_vcpu_init(void) {
  unsigned int cpu;
  u32 id;

  if (!xen_pvh_domain())
    return 0;
  for_each_possible_cpu(cpu) {
    id = cpuid_to_apicid[cpu];
    if (id == BAD_APICID || per_cpu(x86_cpu_to_apicid, cpu) != BAD_APICID)
      continue;
    per_cpu(x86_cpu_to_apicid, cpu) = id;
    set_bit(id, phys_cpu_present_map);
  }
  return 0;
}
late_initcall(pvh_vcpu_init);
