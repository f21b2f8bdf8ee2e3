/* SPDX-License-Identifier: Apache-2.0 */
/* Sets up the guest before PID 1 serves requests. */
#ifndef AGENT_BOOT_H
#define AGENT_BOOT_H

void agent_boot(void); /* mounts, loopback, limits; ends the guest if a necessary part fails */

#endif
