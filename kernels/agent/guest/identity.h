/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a clone different from its siblings. */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include "protocol/control.h"

#include <stdbool.h>

bool agent_identity_is_set(void);
void agent_identity_forget(void); /* a clone wakes as nobody */

void agent_identity_request(struct agent_request request, struct agent_fields *fields);

#endif
