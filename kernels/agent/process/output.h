/* SPDX-License-Identifier: Apache-2.0 */
/* stdout and stderr: read only as far as dom0 gave credit, so a full window blocks the writer. */
#ifndef AGENT_OUTPUT_H
#define AGENT_OUTPUT_H

#include "process/record.h"

#include <stddef.h>

void agent_output_init(struct agent_output *output, struct agent_process *process, uint32_t stream);
void agent_output_close(struct agent_output *output);

/* For a client that knows nothing of it: a full window, and what was written for the one before is dropped. */
void agent_output_renew(struct agent_output *output);

/* False: credit beyond what a window can ever hold. */
bool agent_output_credit(struct agent_output *output, uint32_t bytes);

/* The process is dead: only what it had written by now still counts, whoever else holds the pipe. */
void agent_output_limit(struct agent_output *output);

/* Bytes read into data, 0 when there is nothing to send now or ever (see has_ended). */
size_t agent_output_read(struct agent_output *output, void *data, size_t size);

#endif
