// SPDX-License-Identifier: Apache-2.0
/* STATS and PROCESSES: reports a container's resource use and its processes as the kernel's files, which dom0
 * parses. */
#include "container/request_container.h"
#include "container/requests.h"
#include "protocol/report.h"

#include <stdio.h>
#include <stdlib.h>

#define STAT_MAX 1024
#define STATUS_MAX 4096
#define COMMAND_MAX 4096
#define PROCESSES_MAX 512

/* Finds the container's cgroup; false: the request has been answered with an error. */
static bool find(struct agent_request request, struct agent_fields *fields, char folder[AGENT_PATH_MAX]) {
  struct agent_fields rest = *fields;
  struct agent_field container;

  if (agent_fields_next(&rest, &container) && agent_fields_at_end(&rest))
    return agent_asked_cgroup(request, fields, folder);
  agent_control_error(request, THAW_E_MESSAGE, "A question about a container is malformed");
  return false;
}

void agent_stats_request(struct agent_request request, struct agent_fields *fields) {
  static const char *const names[] = {"cpu.stat", "memory.current", "memory.stat", "pids.current", "io.stat"};
  char folder[AGENT_PATH_MAX], path[AGENT_PATH_MAX + 32];
  struct agent_report report = {0};

  if (!find(request, fields, folder))
    return;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    agent_report_file(&report, path, SIZE_MAX);
  }
  agent_report_file(&report, "/proc/meminfo", SIZE_MAX);
  agent_report_send(&report, request);
}

static void report_process(struct agent_report *report, long pid) {
  char path[64];

  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  agent_report_file(report, path, STAT_MAX);
  snprintf(path, sizeof path, "/proc/%ld/status", pid);
  agent_report_file(report, path, STATUS_MAX);
  snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
  agent_report_file(report, path, COMMAND_MAX);
}

void agent_processes_request(struct agent_request request, struct agent_fields *fields) {
  char folder[AGENT_PATH_MAX], path[AGENT_PATH_MAX + 32], line[32];
  struct agent_report report = {0};
  FILE *pids;

  if (!find(request, fields, folder))
    return;
  agent_report_file(&report, "/proc/uptime", STAT_MAX);
  snprintf(path, sizeof path, "%s/cgroup.procs", folder);
  pids = fopen(path, "re");
  for (int i = 0; pids && i < PROCESSES_MAX && fgets(line, sizeof line, pids); i++)
    report_process(&report, atol(line));
  if (pids)
    fclose(pids);
  agent_report_send(&report, request);
}
