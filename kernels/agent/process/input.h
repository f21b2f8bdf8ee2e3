/* SPDX-License-Identifier: Apache-2.0 */
/* stdin: at most a window is buffered; credit goes back as the process takes the bytes. */
#ifndef AGENT_INPUT_H
#define AGENT_INPUT_H

#include "process/record.h"

bool agent_input_init(struct agent_input *input, struct agent_process *process);
void agent_input_close(struct agent_input *input); /* later input is dropped and credited */

/* Resets the stream for a new client, with stdin closed. */
void agent_input_renew(struct agent_input *input);

/* False: more than the window allows, or after the end. */
bool agent_input_take(struct agent_input *input, const uint8_t *bytes, uint32_t length);
bool agent_input_eof(struct agent_input *input);

/* Writes as much as the process takes now. */
void agent_input_pump(struct agent_input *input);

/*
 * Returns true when a CREDIT frame of *grant_out is due. The first is due at once. It is 0 for a process that is not
 * fed: it tells dom0 that the process takes frames.
 */
bool agent_input_grant(struct agent_input *input, uint32_t *grant_out);

#endif
