// SPDX-License-Identifier: Apache-2.0
// podman's output for the rows of docs/compat.md, as scripts/record-compat last recorded it: podman takes as long as thaw to run them.

import { createHash } from 'node:crypto';
import type { CompatRow } from './compat-rows.js';

/** The tools of the recording. It is not valid for another podman or image. */
export interface CompatTools {
  /** `podman --version`. */
  podman: string;
  /** The image's id, 12 hexadecimal digits. */
  image: string;
}

export interface CompatRecording extends CompatTools {
  rows: Record<string, { script: string; out: string }>;
}

/** A row's name in the recording. */
export const rowName = (row: CompatRow): string => `${row.area}: ${row.what}`;

/** A changed prelude or script needs a new recording. */
export const scriptHash = (prelude: string, row: CompatRow): string =>
  createHash('sha256').update(`${prelude}\n${row.script}`).digest('hex').slice(0, 16);

/**
 * Returns podman's output for that row, its status as the last line. Undefined when podman has to run the row: it has never run, or the tools or the
 * row's script have changed.
 */
export function recordedOutput(
  recording: CompatRecording | undefined,
  tools: CompatTools,
  row: CompatRow,
  script: string,
): string | undefined {
  if (recording?.podman !== tools.podman || recording.image !== tools.image) return undefined;
  const known = recording.rows[rowName(row)];
  return known?.script === script ? known.out : undefined;
}
