// SPDX-License-Identifier: Apache-2.0
#ifndef THAW_SHIM_SPAWNER_H
#define THAW_SHIM_SPAWNER_H

/*
 * Starts a shim for each line of standard input until its end. A line is "DOMID RING VCHAN-PATH CGROUP DIR", where
 * RING is
 * REF:PORT or "-", and CGROUP a name or "-". Answers with a line on standard output: the shim's pid or "error TEXT".
 * `words` ends with NULL: the folder of the sandboxes' cgroups and their limits (main/sandbox_cgroup.h), or nothing.
 * Returns an exit status.
 */
int spawner_run(char **words);

#endif
