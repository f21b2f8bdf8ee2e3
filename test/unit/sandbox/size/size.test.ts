// SPDX-License-Identifier: Apache-2.0
// A sandbox's size is checked against the host, and missing values get defaults.

import test from 'ava';
import {
  checkLimits,
  DEFAULT_MEMORY_BYTES,
  limitWithin,
  MIN_DOMAIN_KIB,
} from '../../../../toolstack/sandbox/size/size.js';
import type { SandboxServices } from '../../../../toolstack/sandbox/services.js';
import type { GuestType } from '../../../../toolstack/xen/host.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';

const MIB = 2 ** 20;

function servicesOn(
  capabilities: { pv: boolean; hap: boolean },
  defaultType: GuestType = 'pvh',
): SandboxServices {
  const libxl = new FakeLibxl();
  libxl.physinfoResult = { ...libxl.physinfoResult, capabilities };
  // SAFETY: checkLimits uses these three.
  return { host: fakeXenHost(libxl), hostCpus: 4, defaultType } as unknown as SandboxServices;
}

const both = servicesOn({ pv: true, hap: true });

test('nothing asked for gets the defaults', async (t) => {
  const memoryKib = DEFAULT_MEMORY_BYTES / 1024;
  t.deepEqual(await checkLimits({}, both), { type: 'pvh', memoryKib, cpus: 1, growsBehind: true });
});

test('the type is the default one where nothing says another', async (t) => {
  const settled = servicesOn({ pv: true, hap: true }, 'pv');
  t.is((await checkLimits({}, settled)).type, 'pv');
  t.is((await checkLimits({ type: 'pvh' }, settled)).type, 'pvh');
  t.is((await checkLimits({ template: { type: 'pvh', vcpus: 1 } }, settled)).type, 'pvh');
  await t.throwsAsync(checkLimits({}, servicesOn({ pv: true, hap: false })), {
    code: 'ERR_XEN_TYPE',
  });
});

test('memory is rounded up to whole pages', async (t) => {
  const asked = await checkLimits({ memoryBytes: 64 * MIB }, both);
  t.is(asked.memoryKib, 65536);
  t.false(asked.growsBehind);
  t.is((await checkLimits({ memoryBytes: 64 * MIB + 1 }, both)).memoryKib, 65540);
});

test('memory below what boots or above what the host has is refused', async (t) => {
  for (const memoryBytes of [0, 6 * MIB - 1, 4 * 2 ** 30 + 1])
    await t.throwsAsync(checkLimits({ memoryBytes }, both), {
      code: 'ERR_USAGE',
      message: /--memory .* from 6 MiB .*4 GiB/,
    });
  await t.notThrowsAsync(checkLimits({ memoryBytes: 4 * 2 ** 30 }, both));
});

test('with less than a domain needs a container is limited within one', async (t) => {
  t.is((await checkLimits({ memoryBytes: 16 * MIB }, both)).memoryKib, 32 * 1024);
  t.is(limitWithin(16 * MIB), 16 * MIB);
  t.is(limitWithin(32 * MIB), undefined);
  t.is(limitWithin(undefined), undefined);
  const ofPod = checkLimits({ memoryBytes: 16 * MIB }, both, MIN_DOMAIN_KIB);
  await t.throwsAsync(ofPod, { message: /from 32 MiB/ });
});

test('CPUs are more than none and at most those that a guest knows', async (t) => {
  for (const cpus of [0, 0.001, 17, NaN])
    await t.throwsAsync(checkLimits({ cpus }, both), { code: 'ERR_USAGE', message: /--cpus/ });
  t.is((await checkLimits({ cpus: 0.5 }, both)).cpus, 0.5);
  t.is((await checkLimits({ cpus: 16 }, both)).cpus, 16);
});

test('a template says type and vCPUs, and must be one that clones of this host are made of', async (t) => {
  const template = { type: 'pv', vcpus: 4 } as const;
  t.like(await checkLimits({ template }, both), { type: 'pv', cpus: 1, maxVcpus: 4 });
  t.like(await checkLimits({ template, cpus: 3.5 }, both), { cpus: 3.5, maxVcpus: 4 });
  for (const options of [
    { template, cpus: 5 },
    { template, type: 'pvh' as const },
    { template: { type: 'pv' as const, vcpus: 3 } },
    { template: { type: 'pv' as const, vcpus: 17 } },
  ])
    await t.throwsAsync(checkLimits(options, both), {
      code: 'ERR_USAGE',
      message: /--template pv/,
    });
  const pvOnly = servicesOn({ pv: true, hap: false });
  const pvh = { type: 'pvh', vcpus: 1 } as const;
  await t.throwsAsync(checkLimits({ template: pvh }, pvOnly), { code: 'ERR_XEN_TYPE' });
});

test('a type that the host cannot run is refused', async (t) => {
  const pvOnly = servicesOn({ pv: true, hap: false });
  await t.throwsAsync(checkLimits({ type: 'pvh' }, pvOnly), { code: 'ERR_XEN_TYPE' });
  const pvhOnly = servicesOn({ pv: false, hap: true });
  await t.throwsAsync(checkLimits({ type: 'pv' }, pvhOnly), { code: 'ERR_XEN_TYPE' });
});
