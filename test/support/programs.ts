// SPDX-License-Identifier: Apache-2.0
// Finds the C programs under test, and builds them when they are missing or older than their sources.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The source tree's root; compiled tests run from dist/test/support. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Programs {
  /** The static programs, as installed. */
  thaw: string;
  shim: string;
  /** The same programs with AddressSanitizer and UBSan. */
  thawChecked: string;
  shimChecked: string;
  /** The shim again, with file servers that need no domain (test/support/shim/fake_share_server.c). */
  shimOfFiles: string;
  /** The shim again, with the real file servers and a socket for the guest's ring (test/support/shim/rings.c). */
  shimOfRings: string;
  /** The shim again, with the real rings too: grants and events are a file and a socket (test/support/shim/fake_xen.c). */
  shimOfXen: string;
  /** The shim again, with file servers that attack dom0 (test/support/shim/probe.c). */
  shimOfProbes: string;
  /** The shim again, with a relay that attacks dom0 (test/support/shim/relay_probe.c). */
  shimOfRelayProbe: string;
}

const made = new Set<string>();

/**
 * Runs `make` for a target of a folder and returns its folder: build/test, or THAW_TEST_OUT. One call at a time: test files that begin together would
 * write, and start, the same program. Runs once in a process, which it blocks meanwhile.
 */
export function makeProgram(folder: string, target?: string): string {
  const out = process.env['THAW_TEST_OUT'] ?? join(ROOT, 'build', 'test');
  const key = JSON.stringify([folder, target]);
  if (made.has(key)) return out;
  mkdirSync(out, { recursive: true });
  const make = ['make', '-s', '-C', join(ROOT, folder), `OUT=${out}`, ...(target ? [target] : [])];
  execFileSync('flock', [join(out, 'make.lock'), ...make], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  made.add(key);
  return out;
}

let built: Programs | undefined;

/** Builds the programs and returns their paths. THAW_TEST_BIN names a folder that has them, for hosts that cannot build. */
export function programs(): Programs {
  if (built) return built;
  const installed = process.env['THAW_TEST_BIN'];
  if (installed !== undefined) {
    const [thaw, shim] = [join(installed, 'thaw'), join(installed, 'thaw-shim')];
    return (built = {
      thaw,
      shim,
      thawChecked: thaw,
      shimChecked: shim,
      shimOfFiles: shim,
      shimOfRings: shim,
      shimOfXen: shim,
      shimOfProbes: shim,
      shimOfRelayProbe: shim,
    });
  }
  makeProgram('toolstack/launcher');
  makeProgram('toolstack/launcher', 'test');
  makeProgram('toolstack/shim');
  const out = makeProgram('toolstack/shim', 'test');
  built = {
    thaw: join(out, 'thaw'),
    shim: join(out, 'thaw-shim'),
    thawChecked: join(out, 'thaw-test'),
    shimChecked: join(out, 'thaw-shim-test'),
    shimOfFiles: join(out, 'thaw-shim-files-test'),
    shimOfRings: join(out, 'thaw-shim-rings-test'),
    shimOfXen: join(out, 'thaw-shim-xen-test'),
    shimOfProbes: join(out, 'thaw-shim-probe-test'),
    shimOfRelayProbe: join(out, 'thaw-shim-relay-probe-test'),
  };
  return built;
}

/** An environment in which a sanitizer's finding fails the program with a status that nothing else uses. */
export const CHECKED_ENV = {
  ASAN_OPTIONS: 'exitcode=99:detect_leaks=1',
  UBSAN_OPTIONS: 'exitcode=99:print_stacktrace=1',
};
