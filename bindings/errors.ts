// SPDX-License-Identifier: Apache-2.0
// The error class of failed calls into Xen: libxl's error name, the native function, the domain, libxl's last log lines.

import { ThawError } from '../toolstack/base/errors.js';

/** A failure as the addon reports it. `reason` is libxl's error name (`domain_notfound`) or one of the addon's own. */
export interface FailureInfo {
  /** libxl's error name in any case, with or without `ERROR_`, or an addon's own such as `NO_XEN`, `CLOSED`. */
  reason: string;
  /** The native function that failed, e.g. `libxl_domain_create_new`. */
  op: string;
  /** libxl's return code (negative), or -errno for libxenctrl and vchan. */
  rc: number;
  domid?: number | undefined;
  /** The operation's error-level log lines, oldest first. */
  details?: string[] | undefined;
  /** One clause that says what is wrong and what to do. It replaces the first log line in the message. */
  hint?: string | undefined;
  cause?: unknown;
}

/** A failed call into Xen. `code` is `ERR_XEN_` and libxl's own error name, e.g. `ERR_XEN_DOMAIN_NOTFOUND`. */
export class XenError extends ThawError {
  readonly op: string;
  readonly rc: number;
  readonly domid?: number;
  readonly details: readonly string[];

  constructor(info: FailureInfo) {
    const options = info.cause === undefined ? {} : { cause: info.cause };
    super(xenErrorCode(info.reason), describe(info), options);
    this.op = info.op;
    this.rc = info.rc;
    this.details = info.details ?? [];
    if (info.domid !== undefined) this.domid = info.domid;
  }
}

/** `ERROR_DOMAIN_NOTFOUND` or `domain_notfound` → `ERR_XEN_DOMAIN_NOTFOUND`. */
export function xenErrorCode(reason: string): string {
  return `ERR_XEN_${reason.toUpperCase().replace(/^ERROR_/, '')}`;
}

function describe(info: FailureInfo): string {
  const what =
    info.domid === undefined
      ? `Cannot complete ${info.op}`
      : `Cannot complete ${info.op} for domain ${info.domid}`;
  // libxl logs the cause first, then the failures that follow from it.
  const why = info.hint ?? info.details?.[0]?.replace(/^Domain \d+:/, '');
  const name = xenErrorCode(info.reason).slice('ERR_XEN_'.length);
  return why === undefined ? `${what}: ${name}` : `${what}: ${name}: ${why}`;
}
