// SPDX-License-Identifier: Apache-2.0
// CNI plugins make and release attachments: order and input of the plugins. A failure leaves nothing unrecorded. One test at a time, since
// plugins to be killed are found by the attachment's id.

import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../../toolstack/base/log.js';
import { CniAttachments } from '../../../../../toolstack/network/drivers/cni/attachments.js';
import { until } from '../../../../support/within.js';

/** Records how it was called. `then` is its output and status. */
const plugin = (log: string, then: string) => `#!/bin/sh
config=$(cat)
echo "$(basename "$0") $CNI_COMMAND $CNI_IFNAME \${CNI_NETNS:-none} $config" >>${log}
${then}
`;
const RESULT = `echo '{"cniVersion":"1.0.0","ips":[],"dns":{"nameservers":["10.77.0.53"]}}'`;
/** An interface whose peer is in the same namespace and is removed with it. */
const ETH0 = `
[ "$CNI_COMMAND" = ADD ] || exit 0
nsenter --net="$CNI_NETNS" sh -c 'ip link add eth0 type veth peer name peer0 && ip link set eth0 up && ip link set peer0 up && ip addr add 10.77.0.2/24 dev eth0'
`;

async function prepared(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-cni-'));
  const [programs, log] = [join(folder, 'plugins'), join(folder, 'log')];
  await mkdir(programs);
  const namespaces = join(folder, 'netns');
  let told = 0;
  const open = () =>
    new CniAttachments(
      { folder: join(folder, 'cni'), namespaces, programs: [programs] },
      silentLog(),
    );
  const write = async (name: string, then: string) => {
    await writeFile(join(programs, name), plugin(log, then));
    await chmod(join(programs, name), 0o755);
  };
  await write('makes', `${ETH0}${RESULT}`);
  await write(
    'fails',
    `[ "$CNI_COMMAND" = ADD ] || exit 0\necho '{"code":7,"msg":"no more","details":"ask 10"}'; exit 1`,
  );
  await write('passes', RESULT);
  t.teardown(async () => {
    for (const name of await readdir(namespaces).catch(() => []))
      execFileSync('umount', [join(namespaces, name)]);
    await rm(folder, { recursive: true, force: true });
  });
  return {
    write,
    namespaces,
    attachments: open(),
    /** Acts as the next thawd, which has these records. */
    sweep: async (known: string[]) => {
      const next = open();
      await next.sweep(new Set(known));
      // Without the deadline at its end.
      await next.released('lan');
      await next.close();
    },
    /** Returns the calls since the last query. The file stays, since a plugin may be writing to it. */
    calls: async () => {
      const text = (await readFile(log, 'utf8').catch(() => '')).slice(told);
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      told += whole.length;
      return whole.trim().split('\n');
    },
    left: async () => [
      ...(await readdir(join(folder, 'cni')).catch(() => [])),
      ...(await readdir(namespaces).catch(() => [])),
    ],
  };
}

const list = (...types: string[]) => ({
  cniVersion: '1.0.0',
  name: 'lan',
  plugins: types.map((type) => ({ type })),
});

test.serial('all plugins make an attachment in turn, and release it last first', async (t) => {
  const { attachments, calls, left, namespaces } = await prepared(t);
  const made = await attachments.add('a1', 'lan', list('makes', 'passes'), {});
  t.is(made.path, join(namespaces, 'a1'));
  t.like(made.link, { name: 'eth0', addresses: [{ address: '10.77.0.2', prefix: 24 }] });
  t.deepEqual(made.nameServers, ['10.77.0.53']);
  const [first = '', passed = ''] = await calls();
  t.regex(first, /^makes ADD eth0 \S+\/a1 \{"type":"makes","cniVersion":"1.0.0","name":"lan"\}$/);
  t.regex(passed, /^passes ADD .*"prevResult":\{"cniVersion":"1.0.0","ips":\[\]/);
  t.deepEqual(await left(), ['a1.json', 'a1']);
  const setting = (name: string) =>
    execFileSync('nsenter', [`--net=${made.path}`, 'cat', `/proc/sys/net/${name}`], {
      encoding: 'utf8',
    });
  t.is(setting('ipv6/conf/eth0/accept_ra'), '0\n', 'it takes no router advertisements');
  t.is(setting('ipv4/conf/eth0/accept_redirects'), '0\n');
  await attachments.remove('a1');
  await attachments.remove('a1');
  const gone = await calls();
  t.deepEqual(
    gone.map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['passes DEL', 'makes DEL'],
  );
  t.regex(gone[0] ?? '', /\/a1 .*"prevResult"/);
  t.deepEqual(await left(), []);
});

test.serial('a plugin’s failure is named, and the attachment released', async (t) => {
  const { attachments, calls, left } = await prepared(t);
  await t.throwsAsync(attachments.add('a1', 'lan', list('makes', 'fails'), {}), {
    code: 'ERR_NETWORK_CNI',
    message: 'CNI plugin "fails" refused ADD: no more: ask 10',
  });
  t.deepEqual(
    (await calls()).map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['makes ADD', 'fails ADD', 'fails DEL', 'makes DEL'],
  );
  await t.throwsAsync(attachments.add('a2', 'lan', list('passes'), {}), {
    message: 'Cannot use network "lan": its CNI plugins made no interface eth0 that is up',
  });
  await calls();
  await t.throwsAsync(attachments.add('a3', 'lan', list('makes', 'none'), {}), {
    code: 'ERR_NETWORK_CNI',
    message: /^Cannot find CNI plugin "none" in \S+: install it/,
  });
  t.deepEqual(await calls(), [''], 'no plugin runs where one is missing');
  t.deepEqual(await left(), []);
});

test.serial(
  'the next thawd releases attachments that no sandbox has, also after dom0’s own end',
  async (t) => {
    const { attachments, sweep, calls, left } = await prepared(t);
    const { path } = await attachments.add('a1', 'lan', list('makes'), {});
    await attachments.add('b2', 'lan', list('makes'), {});
    execFileSync('umount', [path]);
    await calls();
    await sweep(['b2']);
    t.regex((await calls()).join('\n'), /^makes DEL eth0 none .*$/);
    t.deepEqual(await left(), ['b2.json', 'b2']);
    await sweep([]);
    t.deepEqual(await left(), []);
  },
);

test.serial('a plugin that outlives its thawd is killed before its work is undone', async (t) => {
  const { attachments, write, calls, left, sweep } = await prepared(t);
  await write('slow', '[ "$CNI_COMMAND" = ADD ] || exit 0; sleep 100 & wait');
  const adding = attachments.add('a1', 'lan', list('makes', 'slow'), {});
  adding.catch(() => undefined);
  const seen: string[] = [];
  await until('it works', async () => {
    seen.push(...(await calls()));
    return seen.some((line) => line.startsWith('slow'));
  });
  await sweep([]);
  await t.throwsAsync(adding, { code: 'ERR_NETWORK_CNI' });
  t.deepEqual(await left(), []);
  const environments = (await readdir('/proc')).map((pid) =>
    readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
  );
  t.false((await Promise.all(environments)).some((text) => text.includes('CNI_CONTAINERID=a1')));
});

test.serial('an attachment that cannot be released is recorded, and tried again', async (t) => {
  const { attachments, sweep, write, left } = await prepared(t);
  await attachments.add('a1', 'lan', list('makes'), {});
  await write('makes', 'echo busy >&2; exit 3');
  await attachments.remove('a1');
  t.deepEqual(await left(), ['a1.json']);
  await write('makes', RESULT);
  await sweep([]);
  t.deepEqual(await left(), []);
});
