// SPDX-License-Identifier: Apache-2.0
// Drives containerd's CRI service with a runtime handler as a kubelet does: a pod is one domain, and its containers have all that CRI asks.

import { spawn, type ChildProcess } from 'node:child_process';
import { once as emitted } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { idsIn, killThawdAlone, outcome } from '../../support/engines/bundle.js';
import { CriClient, CriStream } from '../../support/engines/cri.js';
import { isOnce, once } from '../../support/once.js';
import { command, images, startThawd, until } from '../../support/dom0/thaw.js';

const ROOT = '/run/containerd/runc/k8s.io';
const SOCKET = '/run/thaw-cri/containerd.sock';
const IMAGE = 'docker.io/library/busybox:thaw';
const PAUSE = 'docker.io/library/pause:thaw';
const NETWORKS = '/etc/cni/net.d';

/** The thaw part of this configuration is in docs/engines.md. */
const CONFIG = `
version = 2
root = "/var/lib/containerd/cri"
state = "/run/thaw-cri"

[grpc]
  address = "${SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${NETWORKS}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.thaw]
    runtime_type = "io.containerd.runc.v2"
    container_annotations = ["io.thaw.*"]
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.thaw.options]
      BinaryName = "/usr/bin/thaw-oci"
`;

const NETWORK = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni-thaw',
      isGateway: true,
      ipMasq: true,
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: '10.89.77.0/24' }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

let daemon: ChildProcess | undefined;
let folder = '';
let cri: CriClient;
let pod = '';
let web = '';
let layered = '';

const metadata = { name: 'shop', uid: 'shop-uid', namespace: 'default', attempt: 0 };
const podConfig = () => ({
  metadata,
  hostname: 'shop',
  log_directory: join(folder, 'logs'),
  dns_config: { servers: ['10.89.77.1'], searches: ['pods.test'] },
  linux: { security_context: { namespace_options: { pid: 'CONTAINER' } } },
});

async function startContainerd(): Promise<void> {
  const config = join(folder, 'config.toml');
  const line = `exec containerd --config ${config} >>/var/log/containerd-cri.log 2>&1`;
  daemon = spawn('sh', ['-c', line]);
  const isUp = () =>
    cri.call('Version', {}).then(
      () => true,
      () => false,
    );
  await until('the CRI service answers', isUp, 300_000);
}

async function stopContainerd(): Promise<void> {
  if (daemon?.exitCode !== null) return;
  const ended = emitted(daemon, 'exit');
  daemon.kill('SIGTERM');
  await ended;
}

async function importImages(): Promise<void> {
  const busybox = join(folder, 'busybox');
  await command('skopeo', [
    'copy',
    '-q',
    `oci-archive:${images}/busybox.oci.tar`,
    `oci:${busybox}:latest`,
  ]);
  const pause = ['--config.entrypoint', '/bin/sleep', '--config.cmd', '1000000'];
  await command('umoci', ['config', '--image', `${busybox}:latest`, '--tag', 'pause', ...pause]);
  for (const [tag, name] of [
    ['latest', IMAGE],
    ['pause', PAUSE],
  ] as const) {
    const archive = join(folder, `${tag}.tar`);
    await command('skopeo', [
      'copy',
      '-q',
      `oci:${busybox}:${tag}`,
      `oci-archive:${archive}:${name}`,
    ]);
    await command('ctr', ['-a', SOCKET, '-n', 'k8s.io', 'images', 'import', archive]);
  }
}

async function run(name: string, script: string, more: object = {}): Promise<string> {
  const config = {
    metadata: { name, attempt: 0 },
    image: { image: IMAGE },
    log_path: `${name}.log`,
    command: ['sh', '-c', script],
    linux: { security_context: { namespace_options: { pid: 'CONTAINER' } } },
    ...more,
  };
  const request = { pod_sandbox_id: pod, config, sandbox_config: podConfig() };
  const { container_id: id } = await cri.call<{ container_id: string }>('CreateContainer', request);
  await cri.call('StartContainer', { container_id: id });
  return id;
}

interface ContainerStats {
  memory: { working_set_bytes: { value: string }; available_bytes: { value: string } };
  cpu: { usage_core_nano_seconds: { value: string } };
}

const statusOf = async (container_id: string) =>
  (
    await cri.call<{ status: { state: string; exit_code?: number; reason?: string } }>(
      'ContainerStatus',
      {
        container_id,
      },
    )
  ).status;

const log = async (name: string) => readFile(join(folder, 'logs', `${name}.log`), 'utf8');

async function remove(t: ExecutionContext, container_id: string): Promise<void> {
  await cri.call('StopContainer', { container_id, timeout: 0 });
  await cri.call('RemoveContainer', { container_id });
  await t.throwsAsync(statusOf(container_id), { message: /not found/i });
}

test.before(async (t) => {
  if (!isOnce) return;
  t.timeout(300_000);
  folder = await mkdtemp('/root/cri-');
  await mkdir(join(folder, 'logs'));
  await writeFile(join(folder, 'config.toml'), CONFIG);
  await mkdir(NETWORKS, { recursive: true });
  await writeFile(join(NETWORKS, '10-thaw.conflist'), JSON.stringify(NETWORK));
  cri = new CriClient(
    SOCKET,
    new URL('../../../../test/fixtures/cri.proto', import.meta.url).pathname,
  );
  await startContainerd();
  await importImages();
});

test.after.always(async () => {
  if (!isOnce) return;
  await cri.call('StopPodSandbox', { pod_sandbox_id: pod }).catch(() => undefined);
  await cri.call('RemovePodSandbox', { pod_sandbox_id: pod }).catch(() => undefined);
  cri.close();
  await stopContainerd();
  await rm(folder, { recursive: true, force: true });
  await rm(join(NETWORKS, '10-thaw.conflist'), { force: true });
  await outcome(['ip', 'link', 'del', 'cni-thaw']);
});

once('RunPodSandbox with the handler makes a domain that has the pod’s network', async (t) => {
  t.timeout(300_000);
  const request = { config: podConfig(), runtime_handler: 'thaw' };
  pod = (await cri.call<{ pod_sandbox_id: string }>('RunPodSandbox', request)).pod_sandbox_id;
  const { status } = await cri.call<{ status: { state?: string; network: { ip: string } } }>(
    'PodSandboxStatus',
    { pod_sandbox_id: pod },
  );
  t.is(status.state ?? 'SANDBOX_READY', 'SANDBOX_READY');
  t.regex(status.network.ip, /^10\.89\.77\.\d+$/);
  t.deepEqual(await idsIn(ROOT), [pod]);
  // The domain gets its name shortly after its start.
  await until('its domain', async () =>
    /^oci-\S+ +\d+ +51[12] /m.test(await command('xl', ['list'])),
  );
});

once('two containers in it: one domain, one network, logs, files of the kubelet', async (t) => {
  t.timeout(300_000);
  await writeFile(join(folder, 'told'), 'told\n');
  const serve =
    'mkdir /w; echo page >/w/index.html; echo serving; echo wrong >&2; exec httpd -f -p 80 -h /w';
  const mounts = [{ container_path: '/told', host_path: join(folder, 'told'), readonly: true }];
  web = await run('web', serve, { mounts, envs: [{ key: 'OWN', value: 'env' }] });
  const side = await run('side', 'cat; echo over; exit 7', { stdin: true });
  t.is([...(await command('xl', ['list'])).matchAll(/^oci-/gm)].length, 1);
  const got = await cri.execSync(side, 'wget', '-qO-', 'http://127.0.0.1/');
  t.deepEqual([got.status, got.stdout], [0, 'page\n'], got.stderr);
  await cri.execSync(side, 'sh', '-c', 'echo shared >/dev/shm/note');
  t.is((await cri.execSync(web, 'cat', '/dev/shm/note')).stdout, 'shared\n');
  const script = 'cat /told; echo $OWN; hostname; cat /etc/resolv.conf; echo wrong >&2; exit 3';
  const ran = await cri.execSync(web, 'sh', '-c', script);
  t.deepEqual([ran.status, ran.stderr], [3, 'wrong\n']);
  t.is(ran.stdout, 'told\nenv\nshop\nsearch pods.test\nnameserver 10.89.77.1\n');
  // The streams arrive independently of each other.
  await until('its log', async () => /serving[^]*wrong|wrong[^]*serving/.test(await log('web')));
  t.regex(await log('web'), /^\S+ stdout F serving$/m);
  t.regex(await log('web'), /^\S+ stderr F wrong$/m);
  const { status } = await cri.call<{ status: { network: { ip: string } } }>('PodSandboxStatus', {
    pod_sandbox_id: pod,
  });
  t.is(await (await fetch(`http://${status.network.ip}/`)).text(), 'page\n', 'from dom0');
  const { url } = await cri.call<{ url: string }>('Attach', {
    container_id: side,
    stdin: true,
    stdout: true,
    stderr: true,
  });
  const stream = await CriStream.open(url);
  stream.write('to and fro\n');
  await until('it answers', () => stream.got.stdout.includes('to and fro\n'), 30_000);
  t.is((await statusOf(side)).state, 'CONTAINER_RUNNING');
  await stream.close();
  await remove(t, side);
});

once('Exec streams: status, both outputs, input; a terminal and its size', async (t) => {
  t.timeout(300_000);
  const streams = { stdin: true, stdout: true, stderr: true };
  const open = async (more: object, ...cmd: string[]): Promise<CriStream> => {
    const request = { container_id: web, cmd, ...streams, ...more };
    return CriStream.open((await cri.call<{ url: string }>('Exec', request)).url);
  };
  const plain = await open({}, 'sh', '-c', 'read a; echo got $a; echo wrong >&2; exit 4');
  plain.write('input\n');
  const { stdout, stderr, end } = await plain.ended();
  t.deepEqual([stdout, stderr], ['got input\n', 'wrong\n']);
  t.true(end.includes('"message":"4"'), end);
  const terminal = await open(
    { tty: true, stderr: false },
    'sh',
    '-c',
    'read a; until stty size | grep 31; do sleep 1; done',
  );
  terminal.resize(99, 31);
  terminal.write('\n');
  const shown = await terminal.ended();
  t.regex(shown.stdout, /31 99\r\n/);
  t.regex(shown.end, /Success/);
});

once('a limit, its change, figures; an end that is said', async (t) => {
  t.timeout(300_000);
  const resources = { memory_limit_in_bytes: 64 * 2 ** 20, cpu_quota: 50_000, cpu_period: 100_000 };
  const id = await run('limited', 'trap "exit 5" TERM; while :; do sleep 0.2; done', {
    linux: { resources },
  });
  const read = 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max';
  t.is((await cri.execSync(id, 'sh', '-c', read)).stdout, '67108864\n50000 100000\n');
  const linux = { memory_limit_in_bytes: 96 * 2 ** 20 };
  await cri.call('UpdateContainerResources', { container_id: id, linux });
  t.regex((await cri.execSync(id, 'sh', '-c', read)).stdout, /^100663296\n/);
  const stats = await until('figures of what it was given last', async () => {
    const words = { container_id: id };
    const answer = await cri.call<{ stats?: ContainerStats }>('ContainerStats', words);
    const { stats } = answer;
    return Number(stats?.memory.available_bytes.value) > 64 * 2 ** 20 && stats;
  });
  const inside = await cri.execSync(id, 'cat', '/sys/fs/cgroup/memory.current');
  const used = Number(stats.memory.working_set_bytes.value);
  t.true(used > 0 && used <= Number(inside.stdout) + 2 ** 20, `${used}, ${inside.stdout}`);
  t.true(Number(stats.cpu.usage_core_nano_seconds.value) > 0);
  await cri.call('StopContainer', { container_id: id, timeout: 60 });
  t.like(await statusOf(id), { state: 'CONTAINER_EXITED', exit_code: 5 });
  await remove(t, id);
});

once('who is killed for want of memory is said to be', async (t) => {
  t.timeout(300_000);
  const mounts = [{ container_path: '/t', host_path: '/root/tests/files', readonly: true }];
  const security_context = {
    namespace_options: { pid: 'CONTAINER' },
    capabilities: { add_capabilities: ['IPC_LOCK'] },
  };
  const resources = { memory_limit_in_bytes: 32 * 2 ** 20 };
  const linux = { resources, security_context };
  const id = await run('wants', 'exec /t/want-memory', { mounts, linux });
  await until('its end', async () => (await statusOf(id)).state === 'CONTAINER_EXITED', 60_000);
  // containerd receives both events in either order.
  const isKnown = async () => (await statusOf(id)).reason === 'OOMKilled';
  await until('why it ended', isKnown, 30_000).catch(async () => t.log(await statusOf(id)));
  t.like(await statusOf(id), { exit_code: 137, reason: 'OOMKilled' });
  await remove(t, id);
});

once('a container of layers that are its domain’s disks, as its annotation asks for', async (t) => {
  t.timeout(300_000);
  const annotations = { 'io.thaw.rootfs': 'erofs-volatile' };
  layered = await run('layered', 'sleep 100000', { annotations });
  const { stdout } = await cri.execSync(layered, 'grep', ' / ', '/proc/mounts');
  t.regex(stdout, /^\S+ \/ overlay rw,/);
  const log = await cri.execSync(layered, 'wget', '-qO-', 'http://127.0.0.1/');
  t.is(log.stdout, 'page\n', 'in the pod’s network');
});

once('containerd and thawd end and come back, and the pod goes on', async (t) => {
  t.timeout(300_000);
  await stopContainerd();
  await killThawdAlone();
  await startThawd();
  await startContainerd();
  t.is((await statusOf(web)).state, 'CONTAINER_RUNNING');
  t.is((await cri.execSync(web, 'wget', '-qO-', 'http://127.0.0.1/')).stdout, 'page\n');
  t.is((await cri.execSync(layered, 'sh', '-c', 'echo a >/new; cat /new')).stdout, 'a\n');
});

once('StopPodSandbox ends what is in it, and RemovePodSandbox leaves nothing', async (t) => {
  t.timeout(300_000);
  await cri.call('StopPodSandbox', { pod_sandbox_id: pod });
  t.like(await statusOf(web), { state: 'CONTAINER_EXITED' });
  await cri.call('RemovePodSandbox', { pod_sandbox_id: pod });
  t.deepEqual(await idsIn(ROOT), []);
  // thawd reports the end to the engine before the domain is gone.
  await until('its domain is gone', async () => !/^oci-/m.test(await command('xl', ['list'])));
  await until(
    'its disks are gone',
    async () => !(await command('losetup', ['-a'])).includes('engine-layers'),
  );
});
