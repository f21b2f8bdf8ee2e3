// SPDX-License-Identifier: Apache-2.0
// Translates a policy for system calls into a seccomp filter: a program of classic BPF for struct seccomp_data (seccomp(2)). Pure.

import { numberOf, type Processor, type SystemCall } from './system-calls.js';

/** A policy allows the calls that it names, or all but those. */
export interface Policy {
  /** Other calls fail with ENOSYS: libc then takes an older call, as on an older kernel. */
  readonly allowed?: readonly SystemCall[];
  /** These fail with EPERM, and all others are allowed. */
  readonly denied?: readonly SystemCall[];
  /** These succeed without effect. */
  readonly pretended?: readonly SystemCall[];
  /** The families that socket() makes, if `allowed` names it. */
  readonly families?: readonly number[];
}

interface Instruction {
  readonly code: number;
  readonly k: number;
  /** The number of instructions to skip if the test holds, and if not. */
  readonly yes?: number;
  readonly no?: number;
}

const [EPERM, ENOTTY, ENOSYS, EAFNOSUPPORT] = [1, 25, 38, 97];
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const fails = (errno: number): number => 0x00050000 + errno;

/** Offsets in struct seccomp_data. Of an argument the filter reads the lower half: both processors are little-endian, and the kernel drops the rest. */
const [NUMBER, ARCH] = [0, 4];
const argument = (index: number): number => 16 + 8 * index;

const load = (offset: number): Instruction => ({ code: 0x20, k: offset });
const equal = (k: number, yes: number, no: number): Instruction => ({ code: 0x15, k, yes, no });
const anyBit = (k: number, yes: number, no: number): Instruction => ({ code: 0x45, k, yes, no });
const result = (k: number): Instruction => ({ code: 0x06, k });

/** All CLONE_NEW* that clone(2) takes. */
const NAMESPACES = 0x7e020000;
/** Asks about terminals and pipes: TCGETS, TIOCGWINSZ, FIONREAD, TCGETS2. Other requests act on devices and whole filesystems. */
const IOCTLS = [0x5401, 0x5413, 0x541b, 0x802c542a];
/** MADV_HWPOISON and MADV_SOFT_OFFLINE take memory from the whole host, for CAP_SYS_ADMIN. */
const POISONS = [100, 101];
const AF_NETLINK = 16;
/** The protocols of a socket that needs no module: the family's own, TCP and UDP. For netlink 0 is the routing table. */
const PROTOCOLS = [0, 6, 17];

/** Returns the filter. It kills a process that makes calls of another processor's table. */
export function seccompFilter(policy: Policy, processor: Processor): Buffer {
  const { allowed, denied = [], pretended = [] } = policy;
  const program = [
    load(ARCH),
    equal(processor.auditArch, 1, 0),
    result(KILL_PROCESS),
    load(NUMBER),
    ...(processor.foreignBit ? [anyBit(processor.foreignBit, 0, 1), result(KILL_PROCESS)] : []),
  ];
  const add = (call: SystemCall, body: readonly Instruction[]): void => {
    const number = numberOf(call, processor);
    if (number !== undefined) program.push(equal(number, 0, body.length), ...body);
  };
  for (const call of allowed ?? []) add(call, bodyOf(call, policy));
  for (const call of denied) add(call, [result(fails(EPERM))]);
  for (const call of pretended) add(call, [result(fails(0))]);
  program.push(result(allowed ? fails(ENOSYS) : ALLOW));
  return encode(program);
}

/** Returns the instructions for an allowed call. They end with a result. */
function bodyOf(call: SystemCall, { families = [] }: Policy): Instruction[] {
  if (call === 'clone')
    return [load(argument(0)), anyBit(NAMESPACES, 0, 1), result(fails(EPERM)), result(ALLOW)];
  if (call === 'ioctl') return [load(argument(1)), ...oneOf(IOCTLS), result(fails(ENOTTY))];
  if (call === 'madvise')
    return [load(argument(2)), ...oneOf(POISONS, fails(EPERM)), result(ALLOW)];
  if (call !== 'socket') return [result(ALLOW)];
  const isNetlink = [load(argument(2)), ...oneOf([0]), result(fails(EAFNOSUPPORT))];
  return [
    load(argument(0)),
    ...(families.includes(AF_NETLINK)
      ? [equal(AF_NETLINK, 0, isNetlink.length), ...isNetlink]
      : []),
    ...families
      .filter((family) => family !== AF_NETLINK)
      .flatMap((family) => {
        const body = [load(argument(2)), ...oneOf(PROTOCOLS), result(fails(EAFNOSUPPORT))];
        return [equal(family, 0, body.length), ...body];
      }),
    result(fails(EAFNOSUPPORT)),
  ];
}

function oneOf(values: readonly number[], answer = ALLOW): Instruction[] {
  return values.flatMap((value) => [equal(value, 0, 1), result(answer)]);
}

/** Returns an array of struct sock_filter. */
function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  for (const [index, { code, k, yes = 0, no = 0 }] of program.entries()) {
    bytes.writeUInt16LE(code, 8 * index);
    bytes.writeUInt8(yes, 8 * index + 2);
    bytes.writeUInt8(no, 8 * index + 3);
    bytes.writeUInt32LE(k, 8 * index + 4);
  }
  return bytes;
}
