/* SPDX-License-Identifier: Apache-2.0 */
/* Dead children: PID 1 reaps all of them. */
#ifndef AGENT_SIGNALS_H
#define AGENT_SIGNALS_H

void agent_signals_init(void);

#endif
