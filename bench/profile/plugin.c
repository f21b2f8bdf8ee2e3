// SPDX-License-Identifier: Apache-2.0
/*
 * A plugin of QEMU's emulator (qemu-plugin.h, version 4). Every so many executed instructions it records the CPU's
 * position, while the first byte of a file is not zero; other programs change that file. On the instruction clock
 * that is a profile of time.
 *
 * qemu-system-x86_64 -plugin file=plugin.so,out=SAMPLES,flag=FLAG
 *
 * Debian has no package with the header, so the parts in use are declared here.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PERIOD 2003 /* instructions; a prime, so that no loop keeps step with it */
#define WITH_REGISTERS 1
#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_register;

/* GLib's layout, from its ABI. */
struct array {
  char *data;
  unsigned length;
};

struct register_descriptor {
  struct qemu_plugin_register *handle;
  const char *name;
  const char *feature;
};

extern struct array *qemu_plugin_get_registers(void);
extern int qemu_plugin_read_register(struct qemu_plugin_register *handle, struct array *bytes);
extern void qemu_plugin_register_vcpu_init_cb(plugin_id id, void (*call)(plugin_id, unsigned));
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*call)(plugin_id, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, void (*call)(unsigned, void *),
                                                 int flags, void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
extern struct array *g_byte_array_new(void);
extern struct array *g_byte_array_set_size(struct array *bytes, unsigned size);

EXPORT int qemu_plugin_version = 4;

/* The format that bench/profile/samples.ts reads. */
struct sample {
  uint64_t pc;
  uint64_t cr3;
  uint64_t cs;
};

struct block {
  uint64_t pc;
  uint64_t instructions;
};

static const volatile uint8_t *flag;
static FILE *out;
static uint64_t executed;
static struct qemu_plugin_register *cs, *cr3;
static struct array *bytes;

static uint64_t value_of(struct qemu_plugin_register *handle) {
  uint64_t value = 0;
  int size;

  g_byte_array_set_size(bytes, 0);
  size = qemu_plugin_read_register(handle, bytes);
  if (size > 0)
    memcpy(&value, bytes->data, (size_t)size < sizeof value ? (size_t)size : sizeof value);
  return value;
}

static void on_executed(unsigned cpu, void *data) {
  const struct block *block = data;

  (void)cpu;
  executed += block->instructions;
  if (executed < PERIOD)
    return;
  executed %= PERIOD;
  if (*flag) {
    struct sample sample = {block->pc, value_of(cr3), value_of(cs)};

    fwrite(&sample, sizeof sample, 1, out);
  } else {
    fflush(out);
  }
}

/* QEMU may execute a block as long as it lives, so the block's data is never freed. */
static void on_translated(plugin_id id, struct qemu_plugin_tb *translated) {
  struct block *block = malloc(sizeof *block);

  (void)id;
  if (!block)
    return;
  block->pc = qemu_plugin_tb_vaddr(translated);
  block->instructions = qemu_plugin_tb_n_insns(translated);
  qemu_plugin_register_vcpu_tb_exec_cb(translated, on_executed, WITH_REGISTERS, block);
}

static void on_cpu(plugin_id id, unsigned cpu) {
  const struct array *registers = qemu_plugin_get_registers();
  const struct register_descriptor *list = (const void *)registers->data;

  (void)id;
  (void)cpu;
  for (unsigned i = 0; i < registers->length; i++) {
    if (strcmp(list[i].name, "cs") == 0)
      cs = list[i].handle;
    if (strcmp(list[i].name, "cr3") == 0)
      cr3 = list[i].handle;
  }
  bytes = g_byte_array_new();
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
  int fd = -1;

  (void)info;
  for (int i = 0; i < argc; i++) {
    if (strncmp(argv[i], "out=", 4) == 0)
      out = fopen(argv[i] + 4, "wb");
    if (strncmp(argv[i], "flag=", 5) == 0)
      fd = open(argv[i] + 5, O_RDONLY | O_CLOEXEC);
  }
  if (fd >= 0)
    flag = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
  if (!out || fd < 0 || flag == MAP_FAILED) {
    fprintf(stderr, "profile: out=FILE and flag=FILE are needed, the latter with a byte in it\n");
    return -1;
  }
  close(fd);
  qemu_plugin_register_vcpu_init_cb(id, on_cpu);
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
  return 0;
}
