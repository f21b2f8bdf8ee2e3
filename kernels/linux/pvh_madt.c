// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Which vCPUs does a PVH guest have? scripts/build-kernel adds this file to arch/x86/xen, in place of ACPI.
 *
 * Xen lists them in one ACPI table, the MADT, and describes nothing else that a guest without hardware uses. Linux's
 * ACPI to read it is 90 pages in each clone. Here the one table is read as Xen writes it, and the legacy timers and
 * interrupt controllers that ACPI would have declared absent are declared so. PV guests ask Xen by hypercall.
 */
#include <linux/acpi.h>
#include <linux/init.h>
#include <linux/io.h>
#include <xen/interface/hvm/start_info.h>
#include <xen/xen.h>

#include <asm/apic.h>
#include <asm/i8259.h>
#include <asm/mpspec.h>
#include <asm/x86_init.h>

#include "xen-ops.h"

#define TABLE_MAX (64u << 10) /* a MADT with all of Xen's vCPUs is smaller */

static void __init register_vcpu(u32 apic_id, u32 vcpu, u32 flags) {
  topology_register_apic(apic_id, vcpu, flags & ACPI_MADT_ENABLED);
}

static void __init read_entry(const struct acpi_subtable_header *entry) {
  if (entry->type == ACPI_MADT_TYPE_LOCAL_APIC && entry->length >= sizeof(struct acpi_madt_local_apic)) {
    const struct acpi_madt_local_apic *apic = (const void *)entry;

    register_vcpu(apic->id, apic->processor_id, apic->lapic_flags);
  } else if (entry->type == ACPI_MADT_TYPE_LOCAL_X2APIC && entry->length >= sizeof(struct acpi_madt_local_x2apic)) {
    const struct acpi_madt_local_x2apic *apic = (const void *)entry;

    register_vcpu(apic->local_apic_id, apic->uid, apic->lapic_flags);
  }
}

/* All of the table at an address, or NULL: early mappings are few, so the caller unmaps it with its length */
static const struct acpi_table_header *__init map_table(u64 address, u32 *length) {
  struct acpi_table_header *head = early_memremap(address, sizeof(*head));

  if (!head)
    return NULL;
  *length = head->length;
  early_memunmap(head, sizeof(*head));
  if (*length < sizeof(*head) || *length > TABLE_MAX)
    return NULL;
  return early_memremap(address, *length);
}

static bool __init read_madt(u64 address) {
  u32 length, at = sizeof(struct acpi_table_madt);
  const struct acpi_table_header *head = map_table(address, &length);
  const struct acpi_table_madt *madt = (const void *)head;
  bool is_madt;

  if (!head)
    return false;
  is_madt = memcmp(head->signature, ACPI_SIG_MADT, 4) == 0 && length >= at;
  if (is_madt)
    register_lapic_address(madt->address);
  while (is_madt && at + sizeof(struct acpi_subtable_header) <= length) {
    const struct acpi_subtable_header *entry = (const void *)head + at;

    if (entry->length < sizeof(*entry) || entry->length > length - at)
      break;
    read_entry(entry);
    at += entry->length;
  }
  early_memunmap((void *)head, length);
  return is_madt;
}

static u64 __init xsdt_address(void) {
  struct acpi_table_rsdp *rsdp = early_memremap(pvh_start_info.rsdp_paddr, sizeof(*rsdp));
  u64 address = rsdp ? rsdp->xsdt_physical_address : 0;

  if (rsdp)
    early_memunmap(rsdp, sizeof(*rsdp));
  return address;
}

static bool __init find_madt(void) {
  u32 length, at = sizeof(struct acpi_table_header);
  u64 address = pvh_start_info.rsdp_paddr ? xsdt_address() : 0, table;
  const struct acpi_table_header *xsdt = address ? map_table(address, &length) : NULL;
  bool found = false;

  if (!xsdt)
    return false;
  for (; !found && at + sizeof(table) <= length; at += sizeof(table)) {
    memcpy(&table, (const void *)xsdt + at, sizeof(table));
    found = read_madt(table);
  }
  early_memunmap((void *)xsdt, length);
  return found;
}

void __init xen_pvh_parse_madt(void) {
  if (!find_madt())
    panic("Cannot find the vCPUs: Xen gave this domain no MADT");
  smp_found_config = 1;
  x86_init.timers.timer_init = x86_init_noop;
  x86_init.irqs.pre_vector_init = x86_init_noop;
  legacy_pic = &null_legacy_pic;
  x86_platform.legacy.rtc = 0;
  x86_platform.legacy.i8042 = X86_LEGACY_I8042_PLATFORM_ABSENT;
}
