// SPDX-License-Identifier: Apache-2.0
// Runs the filters as the kernel would, and compares the table of numbers with the C headers.

import test from 'ava';
import { existsSync, readFileSync } from 'node:fs';
import { seccompFilter } from '../../../../toolstack/base/seccomp/filter.js';
import { POLICIES } from '../../../../toolstack/base/seccomp/policies.js';
import {
  numberOf,
  processorOf,
  SYSTEM_CALLS,
  type Processor,
  type SystemCall,
} from '../../../../toolstack/base/seccomp/system-calls.js';

const [X64, ARM64] = ['x64', 'arm64'].map((name) => processorOf(name) as Processor) as [
  Processor,
  Processor,
];
const [ALLOW, KILL] = [0x7fff0000, 0x80000000];
const ERRNO = 0x00050000;
const [EPERM, ENOTTY, ENOSYS, EAFNOSUPPORT] = [ERRNO + 1, ERRNO + 25, ERRNO + 38, ERRNO + 97];

/** Runs classic BPF over a struct seccomp_data, and returns the filter's result. */
function run(
  filter: Buffer,
  { nr, arch, args = [] }: { nr: number; arch: number; args?: number[] },
) {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(nr >>> 0, 0);
  data.writeUInt32LE(arch, 4);
  for (const [index, value] of args.entries()) data.writeUInt32LE(value >>> 0, 16 + 8 * index);
  let a = 0;
  for (let pc = 0; pc < filter.length / 8; pc++) {
    const at = 8 * pc;
    const [code, k] = [filter.readUInt16LE(at), filter.readUInt32LE(at + 4)];
    const [yes, no] = [filter.readUInt8(at + 2), filter.readUInt8(at + 3)];
    if (code === 0x06) return k;
    if (code === 0x20) a = data.readUInt32LE(k);
    else if (code === 0x15) pc += a === k ? yes : no;
    else if (code === 0x45) pc += (a & k) !== 0 ? yes : no;
    else throw new Error(`Instruction ${code}`);
  }
  throw new Error('The filter has no end');
}

function call(policy: keyof typeof POLICIES, name: SystemCall, args?: number[], processor = X64) {
  const nr = numberOf(name, processor);
  if (nr === undefined) throw new Error(`${name} is missing`);
  const filter = seccompFilter(POLICIES[policy], processor);
  return run(filter, { nr, arch: processor.auditArch, ...(args ? { args } : {}) });
}

test('a list allows what it names, and nothing else', (t) => {
  for (const processor of [X64, ARM64]) {
    t.is(call('parser', 'read', [], processor), ALLOW);
    t.is(call('parser', 'ptrace', [], processor), ENOSYS);
    t.is(call('parser', 'socket', [1, 1, 0], processor), ENOSYS);
    t.is(call('parser', 'mkdirat', [], processor), ENOSYS);
    t.is(call('copier', 'mkdirat', [], processor), ALLOW);
    t.is(call('copier', 'fchownat', [], processor), ERRNO);
    t.is(call('mounter', 'mount', [], processor), ALLOW);
    t.is(call('mounter', 'bpf', [], processor), EPERM);
  }
});

test('no policy allows a call that changes the kernel or looks into processes', (t) => {
  const never: SystemCall[] = [
    'ptrace',
    'bpf',
    'keyctl',
    'perf_event_open',
    'userfaultfd',
    'setns',
  ];
  never.push(
    'io_uring_setup',
    'kexec_load',
    'init_module',
    'open_by_handle_at',
    'process_vm_readv',
  );
  for (const policy of Object.keys(POLICIES) as (keyof typeof POLICIES)[])
    for (const name of never) t.not(call(policy, name), ALLOW, `${policy} ${name}`);
  for (const policy of ['parser', 'copier', 'saver', 'network', 'local'] as const)
    for (const name of ['mount', 'unshare', 'setxattr', 'mknod', 'symlink', 'link'] as const)
      t.is(call(policy, name), ENOSYS, `${policy} ${name}`);
});

test('calls of other tables kill the process', (t) => {
  for (const policy of Object.values(POLICIES)) {
    const filter = seccompFilter(policy, X64);
    const [i386, x32] = [0x40000003, 0x40000000];
    t.is(run(filter, { nr: 3, arch: i386 }), KILL);
    t.is(run(filter, { nr: x32, arch: X64.auditArch }), KILL);
    t.is(run(filter, { nr: -1, arch: X64.auditArch }), KILL);
    t.is(run(seccompFilter(policy, ARM64), { nr: 63, arch: X64.auditArch }), KILL);
  }
});

test('arguments decide on namespaces, devices, memory and families', (t) => {
  t.is(call('parser', 'clone', [0x01200011]), ALLOW);
  for (const bit of [17, 25, 26, 27, 28, 29, 30])
    t.is(call('parser', 'clone', [2 ** bit + 17]), EPERM, `bit ${bit}`);
  t.is(call('parser', 'clone3'), ENOSYS);
  t.is(call('parser', 'ioctl', [1, 0x5401]), ALLOW);
  t.is(call('parser', 'ioctl', [1, 0x5412]), ENOTTY); // TIOCSTI
  t.is(call('parser', 'ioctl', [1, 0xc0045877]), ENOTTY); // FIFREEZE
  t.is(call('parser', 'madvise', [0, 4096, 4]), ALLOW);
  for (const advice of [100, 101]) t.is(call('parser', 'madvise', [0, 4096, advice]), EPERM);
  const network = (...args: number[]) => call('network', 'socket', args);
  t.is(network(2, 1, 6), ALLOW);
  t.is(network(10, 2, 0), ALLOW);
  t.is(network(16, 3, 0), ALLOW);
  t.is(network(16, 3, 12), EAFNOSUPPORT); // NETLINK_NETFILTER
  t.is(network(2, 3, 255), EAFNOSUPPORT);
  for (const family of [0, 1, 17, 38, 40]) t.is(network(family, 1, 0), EAFNOSUPPORT, `${family}`);
  t.is(call('local', 'socket', [1, 1, 0]), ALLOW);
});

test('the numbers are those of the C headers', (t) => {
  const headers: [string, Processor][] = [
    ['/usr/include/x86_64-linux-gnu/asm/unistd_64.h', X64],
    ['/usr/include/asm-generic/unistd.h', ARM64],
  ];
  for (const [path, processor] of headers) {
    if (!existsSync(path)) {
      t.log(`skipped: no ${path}`);
      continue;
    }
    const lines = readFileSync(path, 'utf8').matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)$/gm);
    const known = new Map([...lines].map(([, name, nr]) => [name, Number(nr)]));
    for (const name of SYSTEM_CALLS) {
      const expected =
        known.get(name) ?? (name === 'newfstatat' ? known.get('fstatat') : undefined);
      const nr = numberOf(name, processor);
      if (expected !== undefined) t.is(nr, expected, name);
      // Headers of another year lack newer calls; the first 100 numbers are in all.
      else t.true(nr === undefined || nr > 100, name);
    }
  }
});
