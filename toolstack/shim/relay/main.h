/* SPDX-License-Identifier: Apache-2.0 */
#ifndef THAW_RELAY_MAIN_H
#define THAW_RELAY_MAIN_H

/*
 * thaw-shim --relay DOMID: reads the bytes of the guest and of launchers, with sockets to its monitor as descriptors
 * RELAY_LINK and RELAY_CALLS. Returns the exit status.
 */
int relay_run(const char *domid);

#endif
