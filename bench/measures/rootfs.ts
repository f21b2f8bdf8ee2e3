// SPDX-License-Identifier: Apache-2.0
// rootfs.perl: the start time of a perl with two modules in a running podman container. Its files are dom0's by 9pfs, or layers of its own guest, or
// with crun the host's. A clock inside measures it, since podman's own exec takes longer.

import { execFileSync } from 'node:child_process';
import { repeat, type Samples } from '../measure.js';
import { INTERPRETER_IMAGE } from '../paths.js';

const STARTED = 'system("perl", "-MPOSIX", "-MIO::Socket", "-e", "1") == 0 or die';
/** clock_gettime(CLOCK_MONOTONIC) in ms: the image's perl has no Time::HiRes. */
const NOW =
  'sub now { my $t = "\\0" x 16; syscall 228, 1, $t; my ($s, $ns) = unpack "qq", $t; $s * 1000 + $ns / 1e6 }';
const SCRIPT = `${NOW} my $from = now; ${STARTED}; printf "%.3f\\n", now() - $from`;
const INSIDE = ['perl', '-e', SCRIPT];

const RUNTIMES = {
  crun: ['--runtime=crun'],
  '9pfs': ['--runtime=/usr/bin/thaw-oci'],
  erofs: ['--runtime=/usr/bin/thaw-oci', '--annotation=io.thaw.rootfs=erofs'],
};

export async function measureRootfs(count: number): Promise<Samples[]> {
  const podman = (...words: string[]): string =>
    execFileSync('podman', words, { encoding: 'utf8' }).trim();
  const image = podman('pull', '-q', INTERPRETER_IMAGE);
  const results: Samples[] = [];
  for (const [name, options] of Object.entries(RUNTIMES)) {
    const words = ['-d', '--read-only', '--network=none', ...options, image, 'sleep', '1000000'];
    const container = podman('run', ...words);
    try {
      const samples = await repeat(count, 1, () =>
        Promise.resolve(Number(podman('exec', container, ...INSIDE))),
      );
      results.push({ name: `rootfs.perl.${name}`, type: 'host', unit: 'ms', samples });
    } finally {
      podman('rm', '-f', '-t', '0', container);
    }
  }
  return results;
}
