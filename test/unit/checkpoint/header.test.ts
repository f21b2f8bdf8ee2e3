// SPDX-License-Identifier: Apache-2.0
// A header is read back as written, and refuses values that are not allowed.

import test from 'ava';
import { parseHeader } from '../../../toolstack/checkpoint/header.js';
import { checkpointAbout, checkpointHeader } from '../../support/runtime/checkpoint-header.js';

type Json = Record<string, unknown>;

/** Replaces the value at a path of the header, such as `container.name`. undefined removes it. */
function changed(path: string, value: unknown): string {
  const header = JSON.parse(JSON.stringify(checkpointHeader())) as Json;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const place = keys.reduce((at, key) => at[key] as Json, header);
  place[last] = value;
  return JSON.stringify(header);
}

test('what was written is read', (t) => {
  const header = checkpointHeader();
  t.deepEqual(parseHeader(JSON.stringify(header)), header);
  const rest = { ...checkpointAbout(), memory: header.memory };
  t.deepEqual(parseHeader(JSON.stringify(rest)), rest);
});

test('what it does not know is not in the result', (t) => {
  const header = { ...checkpointHeader(), path: '/etc/passwd' };
  t.deepEqual(parseHeader(JSON.stringify(header)), checkpointHeader());
  Object.assign(header.container ?? {}, { volumes: ['/'] });
  t.false('volumes' in (parseHeader(JSON.stringify(header)).container ?? {}));
});

test("an engine's container has its own fields, and no other's", (t) => {
  const { container, disk, ...rest } = checkpointHeader();
  t.truthy(container && disk);
  const oci = {
    hostname: 'host',
    inGuest: 'ab',
    flags: 1,
    guestPid: 41,
    interface: 'eth0',
    readOnly: [false, true],
    stash: { file: 'files-ab.img', bytes: 7, sha256: 'ef'.repeat(32) },
  };
  t.deepEqual(parseHeader(JSON.stringify({ ...rest, oci })), { ...rest, oci });
  t.false('container' in parseHeader(JSON.stringify({ ...rest, oci, container })));
  const wrong: [keyof typeof oci, ...unknown[]][] = [
    ['hostname', undefined, 'a b'],
    ['inGuest', undefined, '../x', ''],
    ['flags', undefined, 256],
    ['guestPid', undefined, 0, 2 ** 23],
    ['interface', undefined, '', 'a/b', 'a:b', 'a b', 'x'.repeat(16)],
    ['readOnly', undefined, [1], Array(1000).fill(true)],
    ['stash', undefined, 'x'],
  ];
  for (const [key, ...values] of wrong)
    for (const value of values) {
      const text = JSON.stringify({ ...rest, oci: { ...oci, [key]: value } });
      t.throws(() => parseHeader(text), { message: `its header is wrong in ${key}` });
    }
  for (const [key, ...values] of [
    ['file', undefined, '', '../x', '.x', 'a/b'],
    ['bytes', undefined, 0, 2 ** 30],
    ['sha256', undefined, 'ef'],
  ] as const)
    for (const value of values) {
      const stash = { ...oci.stash, [key]: value };
      const text = JSON.stringify({ ...rest, oci: { ...oci, stash } });
      t.throws(() => parseHeader(text), { message: `its header is wrong in stash.${key}` });
    }
});

test('every field is wanted, of its kind and within its limits', (t) => {
  const wrong: [string, ...unknown[]][] = [
    ['thaw', undefined, 1, '', 'a b', 'x'.repeat(65)],
    ['created', undefined, -1, 0.5, '1', 1e300],
    ['host', undefined, null, [], 'x'],
    ['host.guest', undefined, 'ab', 'G'.repeat(64)],
    ['host.xen', undefined, 4, 'a\nb', 'x'.repeat(1025)],
    ['host.cpuFlags', undefined, 'fpu', [1], ['a b'], Array(4097).fill('fpu')],
    ['container', undefined, 7],
    ['container.name', undefined, '', '../x', 'a/b', '-x', 'x'.repeat(64), 'a\n'],
    ['container.hostname', undefined, '', 'a b', 'a\n'],
    ['container.image', undefined, 'a\nb', 'x'.repeat(4097), '\x1b[2J'],
    ['container.imageId', undefined, '', 'cd', `sha256:${'../'.repeat(21)}x`],
    ['container.command', undefined, 'sh', [1], ['a\0b']],
    ['container.process', null, 'sh'],
    ['container.process.cwd', undefined, 'etc', '/a\0', `/${'x'.repeat(4096)}`],
    ['container.process.user.uid', undefined, -1, 2 ** 32, 'root'],
    ['container.process.user.additionalGids', undefined, [-1], Array(65537).fill(1)],
    ['container.stopSignal', 0, 65, 'TERM'],
    ['container.inGuest', undefined, '', '../..', 'x'],
    ['container.cpus', undefined, 0, -1, 129, '1'],
    ['container.flags', undefined, -1, 256],
    ['container.pidsLimit', -2, 0.5, '7'],
    ['container.memoryBytes', 0, 0.5, '7'],
    ['container.limits', null, 'x'],
    ['container.limits.capDrop', 'ALL', [1], ['A B'], Array(257).fill('ALL')],
    ['container.limits.noNewPrivileges', 'true', 1],
    [
      'container.limits.ulimits',
      {},
      [{}],
      [{ type: 'NO FILE', soft: 1, hard: 1 }],
      [{ type: 'core', soft: -2, hard: 1 }],
    ],
    ['container.network', '', '../x', 3],
    ['container.ports', undefined, {}, [{}], [{ hostIp: 'x', hostPort: 1 }]],
    ['domain.shape.type', undefined, 'hvm'],
    ['domain.shape.vcpus', undefined, 0, 129],
    ['domain.shape.memoryKib', undefined, 0, 65540],
    ['domain.memoryKib', undefined, 0, 2 ** 35],
    ['domain.vcpus', undefined, 0, 2],
    ['domain.memTotalKib', undefined, 0],
    ['domain.inMemory', undefined, 0],
    ['layers', undefined, 'x', [{}], [{ diffId: '/etc' }], Array(501).fill({})],
    ['memory.bytes', undefined, 0, 2 ** 40],
    ['memory.dataPages', undefined, -1, 65536 / 4 + 1],
    ['disk.bytes', undefined, 0, 2 ** 50],
    ['disk.dataBytes', undefined, -1, 64 * 2 ** 20 + 1],
  ];
  for (const [path, ...values] of wrong)
    for (const value of values)
      t.throws(
        () => parseHeader(changed(path, value)),
        { message: /^its header is wrong in [\w.]+$/ },
        `${path}: ${String(JSON.stringify(value)).slice(0, 60)}`,
      );
  t.throws(() => parseHeader('{'), { instanceOf: SyntaxError });
  t.throws(() => parseHeader('null'), { message: /wrong in header/ });
});
