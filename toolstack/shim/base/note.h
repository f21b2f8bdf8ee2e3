// SPDX-License-Identifier: Apache-2.0
/* The shim's own log: one line a note on stderr, which thawd points to a file. */
#ifndef THAW_SHIM_NOTE_H
#define THAW_SHIM_NOTE_H

#include <stdint.h>

enum note_level { NOTE_ERROR, NOTE_WARN, NOTE_INFO, NOTE_DEBUG };

/* Returns -1 for an unknown level. */
int note_set_level(const char *name);
enum note_level note_level(void);
/* For a process of the shim beside its monitor; `name` stays the caller's. */
void note_begin(enum note_level level, const char *name);
void note(enum note_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns milliseconds of the monotonic clock. */
int64_t clock_ms(void);

#endif
