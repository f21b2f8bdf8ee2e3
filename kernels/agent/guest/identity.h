/* SPDX-License-Identifier: Apache-2.0 */
/* The identity that distinguishes a clone from its siblings. */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include "protocol/control.h"

#include <stdbool.h>

bool agent_identity_is_set(void);
void agent_identity_forget(void); /* a clone wakes without an identity */

void agent_identity_request(struct agent_request request, struct agent_fields *fields);

#endif
