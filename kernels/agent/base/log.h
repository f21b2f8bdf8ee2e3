/* SPDX-License-Identifier: Apache-2.0 */
/* Where the agent's few words for people go: the console, one line each. */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

/* Opens the console; before that, and when it cannot be opened, messages go to stderr. */
void agent_log_open(void);

/* One line, without a newline of its own. Never blocks on a console that nobody reads. */
void agent_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Ends the guest after an error that leaves no way to be of use: PID 1 must not return, and dom0
 * notices a domain that is off, not one that is silent.
 */
_Noreturn void agent_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
