// SPDX-License-Identifier: Apache-2.0
#ifndef THAW_SHIM_SPAWNER_H
#define THAW_SHIM_SPAWNER_H

/*
 * Starts a shim for each line of standard input until its end. A line is "DOMID RING VCHAN-PATH DIR", where RING is
 * REF:PORT or "-". Answers with a line on standard output: the shim's pid or "error TEXT". Returns an exit status.
 */
int spawner_run(void);

#endif
