// SPDX-License-Identifier: Apache-2.0
// Compares clones made by copying with clones restored by libxl: memory, vCPU state, xenstore and xl's view. Copied clones run.

import test from 'ava';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Image } from '../../../bindings/index.js';
import { AgentType, XS_STATE } from '../../../toolstack/agent/wire.js';
import { asDomid, type Domid } from '../../../toolstack/base/ids.js';
import { sleep } from '../../../toolstack/base/deadline.js';
import { silentLog } from '../../../toolstack/base/log.js';
import { connectAgent } from '../../../toolstack/clone/template/boot.js';
import { CopyEngine } from '../../../toolstack/clone/engine/copy-engine.js';
import { RestoreEngine } from '../../../toolstack/clone/engine/restore-engine.js';
import type { CloneEngine } from '../../../toolstack/clone/engine/engine.js';
import {
  loadGuestFiles,
  shapeFor,
  type GuestFiles,
} from '../../../toolstack/clone/template/shape.js';
import type { Template } from '../../../toolstack/clone/template/template.js';
import { Templates } from '../../../toolstack/clone/template/templates.js';
import { destroyDomain } from '../../../toolstack/xen/destroy.js';
import { closeXenHost, openXenHost, type XenHost } from '../../../toolstack/xen/host.js';
import { writeLater } from '../../../toolstack/xen/records.js';
import { newDomainUuid, parseUuid } from '../../../toolstack/xen/uuid.js';
import { GUEST, GUEST_TYPES } from '../../support/xen/libxl-guest.js';

/** libxlNodes() documents the nodes that it leaves out. */
const LEFT_OUT = [
  ...['/libxl/N/device', '/libxl/N/device/console', '/libxl/N/device/console/0'],
  ...['backend', 'frontend', 'frontend-id', 'online', 'protocol', 'state'].map(
    (name) => `/libxl/N/device/console/0/${name}`,
  ),
  '/libxl/N/dm-version',
  '/local/domain/0/backend/console/N/0',
  ...['frontend', 'frontend-id', 'online', 'protocol', 'state'].map(
    (name) => `/local/domain/0/backend/console/N/0/${name}`,
  ),
  ...['attr', 'console/backend', 'console/backend-id'].map((name) => `/local/domain/N/${name}`),
  ...['feature-poweroff', 'feature-reboot', 'feature-suspend'].map(
    (name) => `/local/domain/N/control/${name}`,
  ),
  '/local/domain/N/control/platform-feature-multiprocessor-suspend',
  '/local/domain/N/control/platform-feature-xs_reset_watches',
  '/local/domain/N/control/sysrq',
  '/local/domain/N/device',
  '/local/domain/N/device/suspend',
  '/local/domain/N/device/suspend/event-channel',
  '/local/domain/N/drivers',
  '/local/domain/N/feature',
  '/local/domain/N/memory/videoram',
];
const CONSOLES = '/local/domain/0/backend/console';
const HVMCTX = '/usr/lib/xen-4.20/bin/xen-hvmctx';

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
}

/** Searches by uuid, since thawd adds and removes domains for its pool. */
async function isThere(uuid: string): Promise<boolean> {
  return (await host.libxl.listDomains()).some((domain) => domain.uuid === uuid);
}

/** Nodes with values and permissions; empty for a path that does not exist. */
function list(path: string): string {
  try {
    return run('xenstore-ls', '-f', '-p', path);
  } catch {
    return '';
  }
}

interface Made {
  domid: Domid;
  uuid: string;
}

let host: XenHost;
let guest: GuestFiles;
let templates: Templates;
let copy: CopyEngine;
let restore: RestoreEngine;
let folder: string;
let made: Made[] = [];

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thaw-engines-'));
  host = await openXenHost(silentLog());
  guest = await loadGuestFiles(GUEST);
  templates = new Templates(host, guest, folder, 120_000);
  copy = new CopyEngine(host, guest, await host.libxl.physinfo());
  restore = new RestoreEngine(host, guest);
});

test.after.always(async () => {
  await templates.close();
  await closeXenHost(host);
  rmSync(folder, { recursive: true });
});

test.afterEach.always(async () => {
  for (const { domid, uuid } of made) await destroyDomain(host, domid, uuid);
  made = [];
});

for (const type of GUEST_TYPES) {
  const template = (): Promise<Template> => templates.get(shapeFor(type, 1, 1));
  /** The copy engine caches data of a template by its identity. */
  let plain: Template | undefined;
  const withoutRings = async (): Promise<Template> => {
    const { kept, ...rest } = await template();
    return (plain ??= kept ? rest : { ...rest });
  };

  /** A paused clone with its xenstore nodes, destroyed after the test. */
  const clone = async (engine: CloneEngine): Promise<Made> => {
    const uuid = newDomainUuid();
    const name = `thaw-engines-${process.pid}-${made.length}`;
    const request = { name, uuid, maxMemoryKib: 128 * 1024 };
    // Preconnected rings differ from rings that the guest makes, and a wake is in their memory.
    const { domid, later, introduce } = await engine.clone(await withoutRings(), request);
    made.push({ domid, uuid });
    await introduce([]);
    await writeLater(host, domid, uuid, later);
    return { domid, uuid };
  };

  test.serial(`a copied ${type} clone is what libxl's restore makes`, async (t) => {
    const restored = await clone(restore);
    const copied = await clone(copy);

    const pages = ({ domid }: { domid: Domid }) =>
      run(join(GUEST, 'domain-pages'), String(domid)).trim().split('\n').sort();
    const [want, got] = [pages(restored), pages(copied)];
    t.true(want.length > 3500 && want.some((line) => !line.endsWith(' 0')));
    const differences = want.filter((line, i) => line !== got[i]);
    // The event channels in a PV guest's start info are the domain's own. They are equal because both domains start afresh.
    t.deepEqual(differences, []);
    t.is(got.length, want.length);

    // The time stamp counter runs, and the first line has the domid.
    const state = ({ domid }: { domid: Domid }) =>
      run(HVMCTX, String(domid)).replace(/^HVM save record.*|\btsc 0x[0-9a-f]+/gm, '');
    if (type === 'pvh') t.is(state(copied), state(restored));

    const [a, b] = [restored, copied].map(({ domid }) => host.libxl.domainAccounting(domid));
    const { totPages, maxPages, pagingPoolBytes } = (await a)!;
    t.like(await b, { totPages, maxPages, pagingPoolBytes });
  });

  test.serial(`a copied ${type} clone has libxl's records`, async (t) => {
    const restored = await clone(restore);
    const copied = await clone(copy);
    // Both domains must have the same nodes, except for numbers, names and times.
    const records = ({ domid, uuid }: { domid: Domid; uuid: string }) =>
      [`/local/domain/${domid}`, `/libxl/${domid}`, `/vm/${uuid}`, `${CONSOLES}/${domid}`]
        .flatMap((path) => list(path).split('\n'))
        .map((line) =>
          line
            .replaceAll(uuid, 'UUID')
            .replaceAll(`${CONSOLES}/${domid}`, `${CONSOLES}/N`)
            .replaceAll(`/local/domain/${domid}`, '/local/domain/N')
            .replace(`/libxl/${domid}`, '/libxl/N')
            .replace(/\b([nrwb])[1-9]\d*\b/g, '$1N')
            .replace(/(start_time|tty|name|port|ring-ref|domid|frontend-id) = "[^"]*"/, '$1'),
        )
        // libxl's record of the source of a PV kernel has no use for a clone.
        .filter((line) => line !== '' && !/^\/vm\/UUID\/image/.test(line))
        .sort();
    const [got, want] = [records(copied), records(restored)];
    t.deepEqual(
      got.filter((line) => !want.includes(line)),
      [],
      'nothing is otherwise than libxl has it',
    );
    const left = want.filter((line) => !got.includes(line)).map((line) => line.split(' ', 1)[0]);
    t.deepEqual(left, LEFT_OUT, 'and what is left out is known');

    const config = async ({ domid }: { domid: Domid }) => {
      const all = JSON.parse(await host.libxl.domainConfigFromDomid(domid)) as Record<
        string,
        object
      >;
      return { ...all, c_info: { ...all['c_info'], name: '', uuid: '' } };
    };
    t.deepEqual(await config(copied), await config(restored));
    t.true(run('xl', 'list').includes(`thaw-engines-${process.pid}-1`));
  });

  test.serial(`copied ${type} clones wake, and are gone when they are destroyed`, async (t) => {
    const clones = await Promise.all([clone(copy), clone(copy), clone(copy)]);
    t.is(new Set(clones.map(({ domid }) => domid)).size, 3);
    for (const { domid } of clones) await host.libxl.xcDomainUnpause(domid);
    for (const { domid } of clones) (await connectAgent(host, asDomid(domid), 60_000)).close();
    for (const { domid, uuid } of clones) {
      await destroyDomain(host, domid, uuid);
      t.is(await host.xenstore.readIfExists(`/local/domain/${domid}`), undefined);
      t.is(await host.xenstore.readIfExists(`/vm/${uuid}`), undefined);
      t.is(await host.xenstore.readIfExists(`/libxl/${domid}`), undefined);
      t.false(existsSync(`/var/lib/xen/userdata-d.${domid}.${uuid}.libxl-json`));
    }
  });

  test.serial(`a ${type} clone says hello on its rings before xenstore knows it`, async (t) => {
    const uuid = newDomainUuid();
    const request = { name: `thaw-engines-${process.pid}`, uuid, maxMemoryKib: 128 * 1024 };
    const { domid, rings, introduce } = await copy.clone(await template(), request);
    made.push({ domid, uuid });
    t.truthy(rings);
    await host.libxl.xcDomainUnpause(domid);
    // The client may come at any time; until then the agent must not send requests to xenstore.
    await sleep(1000);
    const link = await connectAgent(host, domid, 60_000, { ring: rings?.control });
    t.is(link.hello.wakes, 1);
    t.false(await host.xenstore.isIntroduced(domid));
    await introduce([]);
    const state = `/local/domain/${domid}/${XS_STATE}`;
    await host.xenstore.waitFor(state, (value) => value === 'running', { timeoutMs: 60_000 });
    // Later clients find the nodes that the agent publishes.
    link.close();
    const second = await connectAgent(host, domid, 60_000);
    await second.request(AgentType.PING, Buffer.from('x'), 'a ping', 10_000);
    second.close();
  });

  test.serial(`a ${type} clone whose rings are not in its memory is not made`, async (t) => {
    const { kept, ...rest } = await template();
    if (!kept) return t.fail('the template keeps no rings');
    const { channels, vif } = kept.rings;
    const beyond = Buffer.from(channels);
    beyond.writeUInt32LE(0x7fffffff, 4);
    const reserved = Buffer.from(channels);
    reserved.writeUInt32LE(1, 0);
    const vifBeyond = Buffer.from(vif);
    vifBeyond.writeUInt32LE(0x7fffffff, 12);
    const vifHigh = Buffer.from(vif);
    vifHigh.writeUInt32LE(0xffffffff, 8);
    const image = await Image.open(rest.fd);
    t.teardown(() => image.close());
    const uuid = newDomainUuid();
    const spec = {
      ...SMALL,
      maxKib: 1 << 20,
      ...(type === 'pvh' ? { flags: 3, emulationFlags: 1 } : {}),
    };
    for (const [rings, message] of [
      [{ channels: beyond, vif }, /not in the image/],
      [{ channels: reserved, vif }, /grant's number/],
      [{ channels, vif: vifBeyond }, /not in the image/],
      [{ channels, vif: vifHigh }, /grant's number/],
    ] as const) {
      const error = await t.throwsAsync(image.clone(parseUuid(uuid), spec, rings), {
        code: 'ERR_XEN_CLONE',
      });
      t.regex(error?.message ?? '', message);
    }
    t.false(await isThere(uuid));
  });

  test.serial(`a ${type} clone that Xen has no memory for leaves nothing`, async (t) => {
    const image = await Image.open((await template()).fd);
    t.teardown(() => image.close());
    const uuid = newDomainUuid();
    // Its limit is half of the memory that it needs.
    const spec = { ...SMALL, ...(type === 'pvh' ? { flags: 3, emulationFlags: 1 } : {}) };
    const error = await t.throwsAsync(image.clone(parseUuid(uuid), spec), {
      code: 'ERR_XEN_CLONE',
    });
    t.regex(error?.message ?? '', /Xen has \d+ KiB too little/);
    t.false(await isThere(uuid));
  });
}

const SMALL = {
  flags: 0,
  maxVcpus: 1,
  maxEvtchnPort: 1023,
  maxGrantFrames: 32,
  maxMaptrackFrames: 0,
  grantVersion: 1,
  cpupool: 0,
  emulationFlags: 0,
  miscFlags: 0,
  maxKib: 7 * 1024,
  memmapKib: 65536,
  poolBytes: 2 ** 21,
};
