// SPDX-License-Identifier: Apache-2.0
// thawd's log: winston writes one line an event to stderr, for systemd's journal or a file.

import { createLogger, format, transports, type Logger } from 'winston';
import { describeError } from './errors.js';

export type Log = Logger;

/** Makes thawd's log. `level` is error, warn, info or debug. */
export function createLog(level: string): Log {
  return createLogger({
    level,
    format: format.combine(format.timestamp(), format.printf(formatLine)),
    transports: [new transports.Stream({ stream: process.stderr })],
  });
}

/** Returns a log that drops every line, for tests and one-shot commands. */
export function silentLog(): Log {
  return createLogger({
    silent: true,
    transports: [new transports.Stream({ stream: process.stderr })],
  });
}

function formatLine(info: Record<string | symbol, unknown>): string {
  const { timestamp, level, message, error, ...rest } = info;
  const ids = Object.entries(rest).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const cause = error === undefined ? '' : `: ${describeError(error)}`;
  return `${String(timestamp)} ${String(level)} ${String(message)}${cause}${ids.join('')}`;
}
