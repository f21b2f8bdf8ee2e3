// SPDX-License-Identifier: Apache-2.0
// The parts of the audit log that other folders use.

export type { AuditEntry, AuditEvent } from './entry.js';
export { AuditLog } from './log.js';
