// SPDX-License-Identifier: Apache-2.0
// A dom0 with udev parses nothing of a guest's disk, whatever the guest writes there. Debian's own rules are there, and a disk elsewhere shows what
// they do.

import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from '../../support/once.js';
import { busybox, command, pidsOf, runWords, thaw, until } from '../../support/dom0/thaw.js';

const UDEVD = '/usr/lib/systemd/systemd-udevd';
const LABEL = 'dom0-root';
const UUID = '11111111-2222-3333-4444-555555555555';
const SECTOR = 512;

/** The properties that udev has of a device, once it has no more work. */
async function properties(device: string): Promise<Record<string, string>> {
  await command('udevadm', ['settle', '--timeout=60']);
  const text = await command('udevadm', ['info', '--query=property', device]);
  return Object.fromEntries(
    text.split('\n').map((line) => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')]),
  );
}

async function attach(file: string): Promise<string> {
  return (await command('losetup', ['--find', '--show', file])).trim();
}

/** Writes the label of an LVM physical volume over the start of a disk (lvm2, lib/format_text/layout.h). */
function becomePhysicalVolume(path: string): void {
  const sector = Buffer.alloc(SECTOR);
  sector.write('LABELONE', 0);
  sector.writeBigUInt64LE(1n, 8);
  sector.writeUInt32LE(32, 20);
  sector.write('LVM2 001', 24);
  sector.write('GuestsPhysicalVolumeUuid12345678', 32);
  let crc = 0xf597a6cf;
  for (const byte of sector.subarray(20)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  sector.writeUInt32LE(crc >>> 0, 16);
  const disk = readFileSync(path);
  disk.fill(0, 0, 8192);
  sector.copy(disk, SECTOR);
  writeFileSync(path, disk);
}

once('udev leaves a guest’s disk alone, whatever is on it', async (t) => {
  t.timeout(300_000);
  const [elsewhere, own] = ['/root/hostile.img', '/var/lib/thaw/hostile.img'];
  const devices: string[] = [];
  await command(UDEVD, ['--daemon']);
  t.teardown(async () => {
    await thaw(['rm', '--force', 'disked']);
    for (const device of devices) await command('losetup', ['--detach', device]).catch(() => '');
    await command('udevadm', ['control', '--exit']).catch(() => '');
    await until('udev has ended', () => pidsOf(/systemd-udevd/).length === 0);
    for (const path of [elsewhere, own, '/run/udev'])
      rmSync(path, { recursive: true, force: true });
  });
  await until('udev runs', () => existsSync('/run/udev/control'));
  await command('truncate', ['-s', '16M', elsewhere]);
  await command('mkfs.ext4', ['-q', '-L', LABEL, '-U', UUID, elsewhere]);
  copyFileSync(elsewhere, own);

  // Debian's rules take such a disk for one of dom0's.
  const control = await attach(elsewhere);
  devices.push(control);
  t.like(await properties(control), { ID_FS_TYPE: 'ext4', ID_FS_LABEL: LABEL, ID_FS_UUID: UUID });
  t.true(existsSync(`/dev/disk/by-label/${LABEL}`));
  t.true(existsSync(`/dev/disk/by-uuid/${UUID}`));
  await command('losetup', ['--detach', control]);
  await properties(control);
  t.false(existsSync(`/dev/disk/by-label/${LABEL}`));

  const isIgnored = async (device: string, when: string) => {
    const found = await properties(device);
    const parsed = Object.keys(found).filter((name) =>
      /^(ID_FS|ID_PART|LVM_|DM_(?!UDEV))/.test(name),
    );
    t.deepEqual(parsed, [], when);
    t.like(found, { SYSTEMD_READY: '0', UDISKS_IGNORE: '1' }, when);
    t.false((found['DEVLINKS'] ?? '').includes('/dev/disk/'), when);
  };
  const hostile = await attach(own);
  devices.push(hostile);
  await isIgnored(hostile, 'with a label and UUID of dom0’s');
  becomePhysicalVolume(own);
  // The kernel says that it has changed, as when a program has closed it.
  await command('udevadm', ['trigger', '--action=change', hostile]);
  await isIgnored(hostile, 'as a physical volume of LVM');
  copyFileSync(own, elsewhere);
  devices.push(await attach(elsewhere));
  t.like(await properties(devices.at(-1) ?? ''), { ID_FS_TYPE: 'LVM2_member' });

  const words = ['-d', '--name', 'disked', '--storage-opt', 'size=64m', busybox, 'sleep', '1000'];
  const { status, stderr } = await thaw(runWords(...words));
  t.is(status, 0, stderr);
  const list = await command('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE']);
  const disks = list.split('\n').filter((line) => /\/var\/lib\/thaw\/(?!hostile)/.test(line));
  t.true(disks.length > 0, list);
  for (const line of disks) await isIgnored(line.split(/\s+/)[0] ?? '', line);
});
