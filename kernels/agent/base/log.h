/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's log: one line a message on the guest's console. */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

/* Opens the console. Before that, and when the console cannot be opened, messages go to stderr. */
void agent_log_open(void);

/* Logs one line; the format has no newline. Never blocks on a console without a reader. */
void agent_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Ends the guest after a fatal error. PID 1 must not return, and dom0 notices a domain that is off, not one that is
 * silent.
 */
_Noreturn void agent_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
