// SPDX-License-Identifier: Apache-2.0
// What a failed call into Xen looks like to callers: libxl's own error name, the native function, the domain, libxl's last words.

import { ThawError } from '../toolstack/base/errors.js';

/** What the addon knows about a failure; `reason` is libxl's error name (`domain_notfound`) or one of the addon's own. */
export interface FailureInfo {
  /** libxl's error name in any case, with or without `ERROR_`, or an addon's own such as `NO_XEN`, `CLOSED`. */
  reason: string;
  /** Native function that failed, e.g. `libxl_domain_create_new`. */
  op: string;
  /** libxl's return code (negative), or -errno for libxenctrl and vchan. */
  rc: number;
  domid?: number | undefined;
  /** Error-level log lines that belong to the operation, oldest first. */
  details?: string[] | undefined;
  /** One clause that says what is wrong and what to do; used instead of the first log line. */
  hint?: string | undefined;
  cause?: unknown;
}

/** A call into Xen failed. `code` is `ERR_XEN_` and libxl's own error name, e.g. `ERR_XEN_DOMAIN_NOTFOUND`. */
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
  // libxl logs the cause first, then what it gave up because of it.
  const why = info.hint ?? info.details?.[0]?.replace(/^Domain \d+:/, '');
  const name = xenErrorCode(info.reason).slice('ERR_XEN_'.length);
  return why === undefined ? `${what}: ${name}` : `${what}: ${name}: ${why}`;
}
