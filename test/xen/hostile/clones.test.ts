// SPDX-License-Identifier: Apache-2.0
// Clones of one template differ in all that must be secret or unique: a guest that knows itself does not know its neighbours.

import { isLong, once } from '../../support/once.js';
import { debian, run } from '../../support/dom0/thaw.js';

const CLONES = isLong ? 100 : 6;

/** Perl: random bytes of the kernel, boot_id, machine-id, and the bytes at AT_RANDOM (getauxval(3)), of which libc makes canaries. */
const TELL = `
sub whole { local $/; open(my $file, "<", shift) or return "none"; my $text = <$file>; $text =~ s{\\n\\z}{}; $text }
open(my $random, "<", "/dev/urandom"); sysread($random, my $bytes, 16); print unpack("H*", $bytes), "\\n";
print whole("/proc/sys/kernel/random/boot_id"), "\\n", whole("/etc/machine-id"), "\\n", whole("/etc/hostname"), "\\n";
my %aux = unpack("Q*", whole("/proc/self/auxv")); open(my $mem, "<", "/proc/self/mem");
sysseek($mem, $aux{25}, 0); sysread($mem, my $canary, 16); print unpack("H*", $canary), "\\n";
`;
const KINDS = ['random bytes', 'boot_id', 'machine-id', 'hostname', 'AT_RANDOM'];

once(
  'random bytes, boot_id, machine-id, hostname and AT_RANDOM differ in all clones',
  async (t) => {
    t.timeout(1_200_000);
    const seen = new Map<string, string[]>(KINDS.map((kind) => [kind, []]));
    for (let n = 0; n < CLONES; n++) {
      const { status, stdout, stderr } = await run([debian, 'perl', '-e', TELL]);
      t.is(status, 0, stderr);
      const lines = stdout.trim().split('\n');
      t.is(lines.length, KINDS.length, stdout);
      KINDS.forEach((kind, index) => seen.get(kind)?.push(lines[index] ?? ''));
    }
    for (const [kind, values] of seen) {
      t.is(new Set(values).size, CLONES, `${kind}: ${values.join(' ')}`);
      t.false(values.includes('none'), kind);
    }
  },
);
