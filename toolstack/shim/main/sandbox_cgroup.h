// SPDX-License-Identifier: Apache-2.0
#ifndef THAW_SHIM_SANDBOX_CGROUP_H
#define THAW_SHIM_SANDBOX_CGROUP_H

/* The cgroups (version 2) of sandboxes, which bound what a sandbox takes of dom0. */
struct sandbox_cgroups {
  const char *dir; /* the folder above those of sandboxes; NULL for no cgroups */
  char **limits;   /* words FILE=VALUE, such as pids.max=256; NULL ends them */
};

/*
 * Opens the cgroup of that name. Makes it with its limits where it is missing; a cgroup that is there has them. Returns
 * 0 or an errno. On success the caller owns *fd_out, the cgroup's folder.
 */
int sandbox_cgroup_open(const struct sandbox_cgroups *cgroups, const char *name, int *fd_out);

#endif
