// SPDX-License-Identifier: Apache-2.0
// What podman printed for the rows of docs/compat.md, as scripts/record-compat last saw it: podman takes as long as thaw to run them.

import { createHash } from 'node:crypto';
import type { CompatRow } from './compat-rows.js';

/** With what they ran. Of another podman or image nothing is known. */
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

/** Where prelude or script changed, podman has to run again. */
export const scriptHash = (prelude: string, row: CompatRow): string =>
  createHash('sha256').update(`${prelude}\n${row.script}`).digest('hex').slice(0, 16);

/**
 * What podman printed for that row, its status as the last line; undefined when it has to be run: it never was, it was run with other tools, or
 * what it ran was something else.
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
