/* SPDX-License-Identifier: Apache-2.0 */
/* What does a container use, for who stands in its place in dom0? FIGURES of the data channel. */
#ifndef AGENT_FIGURES_H
#define AGENT_FIGURES_H

#include "process/record.h"

#include <stddef.h>
#include <stdint.h>

/* The fields of FIGURES, written to payload, which has room for size bytes: their length. */
size_t agent_figures(const struct agent_process *process, uint8_t *payload, size_t size);

#endif
