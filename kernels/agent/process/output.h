/* SPDX-License-Identifier: Apache-2.0 */
/* stdout and stderr: read only as far as dom0 gave credit, so a full window blocks the writer. */
#ifndef AGENT_OUTPUT_H
#define AGENT_OUTPUT_H

#include "process/record.h"

#include <stddef.h>

void agent_output_init(struct agent_output *output, struct agent_process *process, uint32_t stream);
void agent_output_close(struct agent_output *output);

/* Resets the stream for a new client: gives a full window and drops output for the previous client. */
void agent_output_renew(struct agent_output *output);

/* False: credit beyond the size of any window. */
bool agent_output_credit(struct agent_output *output, uint32_t bytes);

/*
 * Limits the output of a dead process to the bytes that it had written by now, even if other processes hold the pipe.
 */
void agent_output_limit(struct agent_output *output);

/* Returns the bytes read into data, 0 when there is nothing to send now or ever (see has_ended). */
size_t agent_output_read(struct agent_output *output, void *data, size_t size);

#endif
