// SPDX-License-Identifier: Apache-2.0
// thaw freeze, unfreeze, templates, and run --frozen: their requests to the engine, and command lines they refuse.

import test from 'ava';
import { runCommandLine } from '../../../../../toolstack/cli/main.js';
import { fakeClient, fakeEngine } from '../../../../support/cli/fake-engine.js';

async function line(words: string) {
  const { engine, calls } = fakeEngine();
  const { client, out, err } = fakeClient();
  const status = await runCommandLine(words.split(' '), client, engine);
  return { status, out: out(), err: err(), calls };
}

test('an image is frozen under its own name, or the one that is given', async (t) => {
  for (const [image, name] of [
    ['docker://host:5000/library/debian:13', 'debian'],
    ['web', 'web'],
    ['oci:./images/busybox:latest', 'busybox'],
    ['oci-archive:/tmp/app.tar', 'app'],
    ['docker://host/app@sha256:00', 'app'],
  ] as const) {
    const { status, out, calls } = await line(`freeze ${image}`);
    t.is(status, 0, image);
    t.is(out, `${name}\n`);
    t.like(calls[0]?.[1], { image, name, command: [], tty: false, env: [] });
  }
  const { calls } = await line('freeze --name mine -e A=1 -t --type pv web serve --fast');
  t.like(calls[0]?.[1], { name: 'mine', env: ['A=1'], tty: true, type: 'pv' });
  t.deepEqual((calls[0]?.[1] as { command: string[] }).command, ['serve', '--fast']);
});

test('an image without a name wants one', async (t) => {
  const { status, err, calls } = await line('freeze oci:./');
  t.is(status, 2);
  t.regex(err, /--name/);
  t.deepEqual(calls, []);
});

test('with --after it is a container that is frozen, under its own name or the one that is given', async (t) => {
  const { status, out, calls } = await line('freeze --after warm web');
  t.is(status, 0);
  t.is(out, 'web\n');
  t.deepEqual(calls, [['freezeContainer', 'web', { name: 'web', after: 'warm' }]]);
  const named = await line('freeze --after warm --name hot web');
  t.deepEqual(named.calls, [['freezeContainer', 'web', { name: 'hot', after: 'warm' }]]);
  for (const words of ['-t web', '-e A=1 web', '--user 1 web', '--cpus 2 web', 'web ls']) {
    const refused = await line(`freeze --after warm ${words}`);
    t.is(refused.status, 2, words);
    t.regex(refused.err, /with --after: it freezes a running container unchanged/, words);
    t.deepEqual(refused.calls, [], words);
  }
});

test('a frozen image is run with what its clones may choose', async (t) => {
  const { status, calls } = await line('run --rm -i --memory 128m --hostname h --frozen web');
  t.is(status, 0);
  t.like(calls[0]?.[1], { frozen: 'web', image: '', rm: true, interactive: true, hostname: 'h' });
});

test('what was fixed when it was frozen is refused, and so is nothing to run', async (t) => {
  for (const words of [
    'run --frozen web ls',
    'run -e A=1 --frozen web',
    'run --user 1 --frozen web',
    'run --entrypoint /sh --frozen web',
    'run',
  ]) {
    const { status, err, calls } = await line(words);
    t.true(status === 2 || status === 125, words);
    t.regex(err, /^thaw: [^\n]+\n$/, words);
    t.deepEqual(calls, [], words);
  }
});

test('--template is a kernel beside an image, or what --frozen takes', async (t) => {
  const template = { type: 'pvh', vcpus: 2 };
  t.like((await line('run --template pvh/2 web ls')).calls[0]?.[1], { template, image: 'web' });
  const { calls } = await line('create --template web');
  t.like(calls[0]?.[1], { frozen: 'web', image: '' });
  t.false('template' in (calls[0]?.[1] as object));
  for (const [words, message] of [
    ['run --template hvm/2 web', /a name from thaw templates is wanted/],
    ['run --template pvh/0 web', /a name from thaw templates is wanted/],
    ['run --template pvh/2', /takes an IMAGE/],
    ['run --template web ls', /Cannot use ls with --template web: .*see thaw templates/],
    ['run --template web --frozen web', /both name a template/],
  ] as const) {
    const refused = await line(words);
    t.is(refused.status, 2, words);
    t.regex(refused.err, message);
    t.deepEqual(refused.calls, [], words);
  }
});

test('kernels are listed by what they are', async (t) => {
  const kernel = { kind: 'kernel', type: 'pv', vcpus: 4, memoryBytes: 2 ** 24, ready: 0 } as const;
  const { engine } = fakeEngine({ templates: () => Promise.resolve([kernel]) });
  const { client, out } = fakeClient();
  t.is(await runCommandLine(['templates'], client, engine), 0);
  t.regex(out(), /\npv\/4 +kernel /);
});

test('templates are listed, and names that are removed are said', async (t) => {
  const { out } = await line('templates');
  t.regex(
    out,
    /^NAME +KIND +IMAGE +COMMAND +TYPE +MEMORY +SIZE +READY +CREATED\nweb +image +web:latest +serve +pvh/,
  );
  t.like(JSON.parse((await line('templates --json')).out), [{ name: 'web', ready: 1 }]);
  const { out: removed, calls } = await line('unfreeze web other');
  t.is(removed, 'web\nother\n');
  t.deepEqual(
    calls.map(([, name]) => name),
    ['web', 'other'],
  );
});

test('templates by a template, and names alone', async (t) => {
  const format = '{{.Name}}|{{.Kind}}|{{.Size}}|{{.Memory}}|{{.Ready}}|{{.Command}}';
  const { engine } = fakeEngine();
  const { client, out } = fakeClient();
  t.is(await runCommandLine(['templates', '--format', format], client, engine), 0);
  t.is(out(), 'web|image|16 MiB|64 MiB|1|serve\n');
  t.is((await line('templates -q')).out, 'web\n');
  t.like(JSON.parse((await line('templates --format json')).out), [{ name: 'web' }]);
});
