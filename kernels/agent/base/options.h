/* SPDX-License-Identifier: Apache-2.0 */
/* Options that differ between PID 1 of a guest and the agent under test on an ordinary machine. */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include <stdbool.h>

struct agent_options {
  const char *run;            /* directory of everything the agent makes: /run/thaw */
  const char *etc;            /* directory of machine-id: /etc */
  const char *dev;            /* directory of block devices: /dev */
  const char *xenbus;         /* directory of Xen's devices: /sys/bus/xen/devices */
  const char *runtime;        /* OCI runtime: /bin/crun */
  const char *cgroup_manager; /* crun's: cgroupfs; on a machine with cgroup v1: disabled */
  const char *store;          /* tests: directory of sockets and nodes */
  bool set_clock;
};

extern struct agent_options agent_options;

/* Reads the command line of a test run; ends the agent on a wrong one. */
void agent_options_parse(char **argv);

#endif
