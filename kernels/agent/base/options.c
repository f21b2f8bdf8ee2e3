// SPDX-License-Identifier: Apache-2.0
/* Folders and programs that the agent uses. Only tests change them; in a guest the defaults hold. */
#include "base/options.h"

#include "base/log.h"

#include <string.h>

struct agent_options agent_options = {
    .run = "/run/thaw",
    .etc = "/etc",
    .dev = "/dev",
    .xenbus = "/sys/bus/xen/devices",
    .runtime = "/bin/crun",
    .cgroup_manager = "cgroupfs",
    .set_clock = true,
};

void agent_options_parse(char **argv) {
  static const struct {
    const char *name;
    const char **value;
  } table[] = {
      {"--run", &agent_options.run},       {"--etc", &agent_options.etc},
      {"--dev", &agent_options.dev},       {"--runtime", &agent_options.runtime},
      {"--store", &agent_options.store},   {"--cgroup-manager", &agent_options.cgroup_manager},
      {"--xenbus", &agent_options.xenbus},
  };

  for (argv++; *argv; argv++) {
    size_t i = 0;

    if (strcmp(*argv, "--no-clock") == 0) {
      agent_options.set_clock = false;
      continue;
    }
    while (i < sizeof table / sizeof *table && strcmp(*argv, table[i].name) != 0)
      i++;
    if (i == sizeof table / sizeof *table || !argv[1])
      agent_die("Cannot run: unknown option or missing value: %s", *argv);
    *table[i].value = *++argv;
  }
  if (!agent_options.store)
    agent_die("Cannot run: --store is not given");
}
