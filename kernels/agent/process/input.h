/* SPDX-License-Identifier: Apache-2.0 */
/* stdin: at most a window is buffered; credit goes back as the process takes the bytes. */
#ifndef AGENT_INPUT_H
#define AGENT_INPUT_H

#include "process/record.h"

bool agent_input_init(struct agent_input *input, struct agent_process *process);
void agent_input_close(struct agent_input *input); /* what comes from now on is dropped and credited */

/* For a client that knows nothing of it: not fed. */
void agent_input_renew(struct agent_input *input);

/* False: more than the window allows, or after the end. */
bool agent_input_take(struct agent_input *input, const uint8_t *bytes, uint32_t length);
bool agent_input_eof(struct agent_input *input);

/* Writes what the process takes now. */
void agent_input_pump(struct agent_input *input);

/*
 * True when a CREDIT frame of *grant_out is due. The first is due at once, with nothing in it for a
 * process that is not fed: it tells dom0 that the process takes frames.
 */
bool agent_input_grant(struct agent_input *input, uint32_t *grant_out);

#endif
