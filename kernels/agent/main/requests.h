/* SPDX-License-Identifier: Apache-2.0 */
/* The control channel with all requests that the agent serves. */
#ifndef AGENT_REQUESTS_H
#define AGENT_REQUESTS_H

/* Must be called before the control channel opens. */
void agent_requests_init(void);

#endif
