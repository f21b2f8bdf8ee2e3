// SPDX-License-Identifier: Apache-2.0
// Where the C programs under test are; builds them when they are missing or older than their sources.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The source tree's root; compiled tests run from dist/test/support. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Programs {
  /** The static programs, as installed. */
  thaw: string;
  shim: string;
  /** The same with AddressSanitizer and UBSan. */
  thawChecked: string;
  shimChecked: string;
}

let built: Programs | undefined;

/**
 * Builds (make decides what is to do) and says where the programs are. THAW_TEST_OUT moves them;
 * THAW_TEST_BIN names a folder that has them, where nothing can be built.
 */
export function programs(): Programs {
  if (built) return built;
  const installed = process.env['THAW_TEST_BIN'];
  if (installed !== undefined) {
    const [thaw, shim] = [join(installed, 'thaw'), join(installed, 'thaw-shim')];
    return (built = { thaw, shim, thawChecked: thaw, shimChecked: shim });
  }
  const out = process.env['THAW_TEST_OUT'] ?? join(ROOT, 'build', 'test');
  for (const folder of ['toolstack/launcher', 'toolstack/shim']) {
    const args = ['-s', '-C', join(ROOT, folder), `OUT=${out}`];
    execFileSync('make', args, { stdio: ['ignore', 'inherit', 'inherit'] });
    execFileSync('make', [...args, 'test'], { stdio: ['ignore', 'inherit', 'inherit'] });
  }
  built = {
    thaw: join(out, 'thaw'),
    shim: join(out, 'thaw-shim'),
    thawChecked: join(out, 'thaw-test'),
    shimChecked: join(out, 'thaw-shim-test'),
  };
  return built;
}

/** Environment under which a sanitizer's finding fails the program with a status that nothing else uses. */
export const CHECKED_ENV = {
  ASAN_OPTIONS: 'exitcode=99:detect_leaks=1',
  UBSAN_OPTIONS: 'exitcode=99:print_stacktrace=1',
};
