/* SPDX-License-Identifier: Apache-2.0 */
/* What PID 1 does before it is of use. */
#ifndef AGENT_BOOT_H
#define AGENT_BOOT_H

void agent_boot(void); /* mounts, loopback, limits; dies when the guest cannot work without */

#endif
