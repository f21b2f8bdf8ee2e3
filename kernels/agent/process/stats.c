// SPDX-License-Identifier: Apache-2.0
/* CGROUP_STATS: reports the cgroup files that a container's stand-in in dom0 shows. */
#include "process/stats.h"

#include "process/cgroup.h"
#include "protocol/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

/* Reports the guest's memory as the limit if the container has no limit of its own. */
static void report_limit(struct agent_report *report, const char *folder) {
  char path[AGENT_PATH_MAX + 32], text[32] = "";
  FILE *file = NULL;
  struct sysinfo info;

  if (folder) {
    snprintf(path, sizeof path, "%s/memory.max", folder);
    file = fopen(path, "re");
  }
  if (file && !fgets(text, sizeof text, file))
    text[0] = '\0';
  if (file)
    fclose(file);
  if (text[0] == 'm' && sysinfo(&info) == 0)
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)info.totalram * info.mem_unit);
  agent_report_field(report, text, strlen(text));
}

size_t agent_process_stats(const struct agent_process *process, uint8_t *payload, size_t size) {
  static const char *const names[] = {"cpu.stat", "memory.current", "memory.stat", "pids.current"};
  char folder[AGENT_PATH_MAX], path[AGENT_PATH_MAX + 32];
  struct agent_report report = {0};
  bool is_there = process->pid != 0 && agent_cgroup_of(process->pid, folder);
  size_t length = 0;

  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!is_there) {
      agent_report_field(&report, NULL, 0);
      continue;
    }
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    agent_report_file(&report, path, SIZE_MAX);
  }
  report_limit(&report, is_there ? folder : NULL);
  /* without memory for the report the answer is empty, which dom0 must accept anyway */
  if (!report.is_full && report.length <= size) {
    memcpy(payload, report.bytes, report.length);
    length = report.length;
  }
  free(report.bytes);
  return length;
}
