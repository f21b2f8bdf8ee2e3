// SPDX-License-Identifier: Apache-2.0
// Attributes samples of the emulated CPU to Xen, dom0's kernel, a guest's kernel or a process, and to a function.

/** Instructions between two samples of bench/profile/plugin.c. */
export const PERIOD = 2003;
const SAMPLE_BYTES = 24;
const XEN = 0xffff82d0n;
const KERNEL_HALF = 1n << 63n;

/** A system map: addresses in ascending order, and the symbols that begin there. */
export interface Symbols {
  addresses: bigint[];
  names: string[];
}

export interface Maps {
  xen: Symbols;
  dom0: Symbols;
  guest: Symbols;
}

/** Parses lines `ADDRESS TYPE NAME`, as nm, /proc/kallsyms and /proc/xen/xensyms print them; keeps only code and data of the kernel half. */
export function parseSymbols(text: string): Symbols {
  const found = text
    .split('\n')
    .map((line) => line.split(/\s+/))
    .filter(([address, type]) => address !== undefined && /^[tTwWvV]$/.test(type ?? ''))
    .map(([address = '0', , name = '?']) => ({ address: BigInt(`0x${address}`), name }))
    .filter(({ address }) => address >= KERNEL_HALF)
    .sort((a, b) => (a.address < b.address ? -1 : 1));
  return { addresses: found.map((f) => f.address), names: found.map((f) => f.name) };
}

/** Returns the last symbol that begins at or before `pc`. */
export function symbolAt({ addresses, names }: Symbols, pc: bigint): string {
  let low = 0;
  let high = addresses.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((addresses[middle] ?? 0n) <= pc) low = middle + 1;
    else high = middle;
  }
  return names[low - 1] ?? '?';
}

/** Counts the samples of each `who` and of each `who function`. */
export function countSamples(data: Buffer, maps: Maps) {
  const samples = Array.from({ length: Math.floor(data.length / SAMPLE_BYTES) }, (_, i) => ({
    pc: data.readBigUInt64LE(i * SAMPLE_BYTES),
    cr3: data.readBigUInt64LE(i * SAMPLE_BYTES + 8) >> 12n,
    cs: data.readBigUInt64LE(i * SAMPLE_BYTES + 16),
  }));
  // A PVH guest's kernel runs in ring 0, dom0's and a PV guest's in ring 3.
  const guests = new Set(
    samples.filter(({ pc, cs }) => isKernel(pc) && (cs & 3n) === 0n).map(({ cr3 }) => cr3),
  );
  const processes = new Map<bigint, string>();
  const who = new Map<string, number>();
  const functions = new Map<string, number>();
  for (const { pc, cr3 } of samples) {
    const isGuest = guests.has(cr3);
    let name: string;
    if (pc >> 32n === XEN) name = 'xen';
    else if (isKernel(pc)) name = isGuest ? 'guest kernel' : 'dom0 kernel';
    else if (isGuest) name = 'guest process';
    else {
      if (!processes.has(cr3)) processes.set(cr3, `dom0 process ${processes.size + 1}`);
      name = processes.get(cr3) ?? '?';
    }
    add(who, name);
    const map = { xen: maps.xen, 'dom0 kernel': maps.dom0, 'guest kernel': maps.guest }[name];
    if (map) add(functions, `${name}: ${symbolAt(map, pc)}`);
  }
  return { who, functions };
}

function isKernel(pc: bigint): boolean {
  return pc >= KERNEL_HALF && pc >> 32n !== XEN;
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
