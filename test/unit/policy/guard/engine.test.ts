// SPDX-License-Identifier: Apache-2.0
// The guard before the engine: users act on their own things, within the rules, and reach no host file.

import test from 'ava';
import { StartRates } from '../../../../toolstack/policy/index.js';
import { CONTAINER, fakeEngine } from '../../../support/cli/fake-engine.js';
import { guarded } from '../../../support/policy/guarded.js';
import { ALICE, BOB, ROOT, USUAL } from '../../../support/policy/policy-of.js';

const OWN = { ...CONTAINER, owner: ALICE.uid };
const own = {
  find: () => Promise.resolve(OWN),
  list: () => [OWN, { ...CONTAINER, id: 'cd'.repeat(32), name: 'roots' }],
};
const IMAGE = 'docker.io/library/debian:13';

/** Returns the options of the new container that the engine was asked for. */
function made(calls: unknown[][]): object {
  return calls.find(([name]) => name === 'run' || name === 'create')?.[1] ?? {};
}

test('a container of a user has its owner, the full name of its image and no login of another', async (t) => {
  const { status, calls } = await guarded(USUAL, ALICE, 'run -d --name a debian:13', {
    client: { env: { REGISTRY_AUTH_FILE: '/root/auth.json', XDG_RUNTIME_DIR: '/root' } },
  });
  t.is(status, 0);
  t.like(made(calls), {
    owner: ALICE.uid,
    image: IMAGE,
    authFile: '/run/thaw/no-logins.json',
  });
});

test('a name that could be the beginning of an image’s id stands for the registry’s image', async (t) => {
  const { calls } = await guarded(USUAL, ALICE, 'create abc123:1');
  t.like(made(calls), { image: 'docker.io/library/abc123:1' });
  const digits = await guarded(USUAL, ALICE, 'create deadbeef');
  t.regex(digits.err, /no-latest/);
});

test('root’s containers are as they were without a policy', async (t) => {
  const { calls, audit } = await guarded(USUAL, ROOT, 'run -d -v /srv:/srv abc123');
  t.like(made(calls), { image: 'abc123' });
  t.false(Object.hasOwn(made(calls), 'owner'));
  t.deepEqual(
    audit.map(({ event, result }) => [event, result]),
    [['change', 'done']],
  );
});

/** Command lines that would have thawd open a host path, or reach what all users share. */
const REFUSED = [
  'run -v /etc:/e debian:13',
  'run -v ./x:/e debian:13',
  'run --mount type=bind,source=/etc/shadow,target=/x debian:13',
  'run --cidfile /root/.ssh/authorized_keys debian:13',
  'run --authfile /root/auth.json debian:13',
  'run --env-file /etc/shadow debian:13',
  'run --security-opt seccomp=/etc/shadow debian:13',
  'run oci:/root/image',
  'run dir:/root/image',
  'run docker-archive:/root/image.tar',
  'run containers-storage:x',
  'run docker-daemon:x:1',
  'run --frozen other',
  'create --device /dev/sda debian:13',
  'run --network host-net debian:13',
  'run --network thaw:spoof debian:13',
  'run --cap-add ALL debian:13',
  'run -p 22:22 debian:13',
  'run -m 1g debian:13',
  'run --cpus 3 debian:13',
  'run --storage-opt size=1t debian:13',
  'run -v data:/d debian:13',
  'cp web:/etc/passwd /etc/passwd',
  'cp /etc/shadow web:/x',
  'export -o /etc/passwd web',
  'save -o /etc/passwd debian:13',
  'load -i /root/image.tar',
  'checkpoint -e /root/x web',
  'restore -i /root/x',
  'container restore -i /root/x',
  'image save -o /x debian:13',
  'pull oci:/root/image',
  'pull quay.io/x/y:1',
  'push debian:13',
  'tag debian:13 x:1',
  'untag debian:13',
  'rmi debian:13',
  'commit web x:1',
  'freeze debian:13',
  'unfreeze web',
  'network create x',
  'network rm shop',
  'system prune --force',
  'image prune --force',
  'policy reload',
  'policy check --user root ps',
  'update -m 1g web',
  'pod create --network other',
  'volume create data',
];

for (const words of REFUSED)
  test(`refused: thaw ${words}`, async (t) => {
    const { status, err, calls, audit } = await guarded(USUAL, ALICE, words, { engine: own });
    t.not(status, 0);
    t.regex(err, /the policy's rule "|your rights|Permission denied/);
    const reads = [
      'templates',
      'networks',
      'network',
      'volumes',
      'volume',
      'pods',
      'pod',
      'find',
      'list',
    ];
    t.deepEqual(
      calls.filter(([name]) => !reads.includes(String(name))),
      [],
    );
    t.is(audit.filter(({ event }) => event === 'change').length, 0);
  });

/** Command lines by which a user acts on a container, pod or volume. */
const ON_CONTAINER = [
  'start web',
  'stop web',
  'restart web',
  'kill web',
  'pause web',
  'unpause web',
  'wait web',
  'rm web',
  'rename web x',
  'update -m 64m web',
  'exec web ls',
  'attach web',
  'cp web:/x -',
  'cp - web:/x',
  'diff web',
  'export web',
  'logs web',
  'top web',
  'stats --no-stream web',
  'inspect web',
  'port web',
  'healthcheck run web',
  'clone web',
];

for (const words of ON_CONTAINER) {
  test(`own: thaw ${words}`, async (t) => {
    const { status, err } = await guarded(USUAL, ALICE, words, { engine: own });
    t.notRegex(err, /policy/);
    t.true([0, 3].includes(status), err);
  });
  test(`another user's: thaw ${words}`, async (t) => {
    const { status, err, calls, audit } = await guarded(USUAL, ALICE, words);
    t.not(status, 0);
    t.regex(err, /with "web": the policy's rule "developers \(line 4\)" decides: .*another user's/);
    t.deepEqual(
      calls.filter(([name]) => name !== 'find' && name !== 'list'),
      [],
    );
    t.true(audit.some(({ result, what }) => result === 'denied' && what[0] === 'web'));
  });
}

for (const verb of ['start', 'stop', 'restart', 'kill', 'pause', 'unpause', 'rm', 'inspect'])
  test(`pod ${verb}: another user's`, async (t) => {
    const { status, err } = await guarded(USUAL, ALICE, `pod ${verb} shop`);
    t.not(status, 0);
    t.regex(err, /another user's/);
  });

for (const words of ['volume inspect data', 'volume rm data', 'run -v data:/x debian:13'])
  test(`another user's: thaw ${words}`, async (t) => {
    const { status, err } = await guarded(USUAL, ALICE, words);
    t.not(status, 0);
    t.regex(err, /another user's/);
  });

test('lists show a user’s own things alone', async (t) => {
  const ps = await guarded(USUAL, ALICE, 'ps -aq --no-trunc', { engine: own });
  t.is(ps.out, `${OWN.id}\n`);
  t.is((await guarded(USUAL, ALICE, 'volume ls -q')).out, '');
  t.is((await guarded(USUAL, ALICE, 'pod ps -q')).out, '');
  t.is((await guarded(USUAL, ALICE, 'network ls -q')).out, '');
  t.is((await guarded(USUAL, ALICE, 'images -q')).out, '');
  t.is((await guarded(USUAL, ALICE, 'events --no-follow')).out, '');
  const stats = await guarded(USUAL, ALICE, 'stats --no-stream', { engine: { list: () => [] } });
  t.is(stats.calls.length, 0);
});

test('a rule with all = true shows and stops the containers of others', async (t) => {
  const ps = await guarded(USUAL, BOB, 'ps -aq --no-trunc', { engine: own });
  t.is(ps.out.split('\n').length, 3);
  t.is((await guarded(USUAL, BOB, 'stop web')).status, 0);
  t.regex((await guarded(USUAL, BOB, 'rm web')).err, /the command rm/);
});

test('the calls act on the id that the rules decided on, whatever its name becomes', async (t) => {
  const { calls } = await guarded(USUAL, ALICE, 'stop web', { engine: own });
  t.deepEqual(calls, [['stop', OWN.id, undefined]]);
});

test('removing a volume with its containers wants the right to each of them', async (t) => {
  const volume = { name: 'data', path: '/v', labels: {}, isAnonymous: false, created: 0 };
  const engine = {
    volume: () => Promise.resolve({ ...volume, owner: ALICE.uid, containers: ['web'] }),
  };
  const { status, err, calls } = await guarded(USUAL, ALICE, 'volume rm --force data', { engine });
  t.not(status, 0);
  t.regex(err, /with "web"/);
  t.false(calls.some(([name]) => name === 'volumeRemove'));
});

test('sizes that a command leaves out count with their defaults', async (t) => {
  const policy = USUAL.replace('memory = "512m"', 'memory = "300m"').replace(
    '"docker.io/library/*"',
    '"docker.io/library/*", "frozen:*"',
  );
  t.is((await guarded(policy, ALICE, `run -d ${IMAGE}`)).status, 0);
  t.regex((await guarded(policy, ALICE, 'pod create')).err, /300 MiB of memory, not 512 MiB/);
  const small = policy.replace('memory = "300m"', 'memory = "32m"');
  t.regex((await guarded(small, ALICE, `run -d ${IMAGE}`)).err, /not 256 MiB/);
  t.regex((await guarded(small, ALICE, 'run -d --frozen web')).err, /not 64 MiB/);
});

test('the number of containers counts those that are being made', async (t) => {
  const policy = USUAL.replace('containers = 3', 'containers = 1');
  t.is((await guarded(policy, ALICE, `run -d ${IMAGE}`)).status, 0);
  const { err } = await guarded(policy, ALICE, `run -d ${IMAGE}`, { engine: own });
  t.regex(err, /allows 1 containers, not 2/);
  const clone = await guarded(policy, ALICE, 'clone --count 3 web', { engine: own });
  t.regex(clone.err, /allows 1 containers, not 4/);
  const failed = await guarded(policy, ALICE, `run -d ${IMAGE}`, {
    engine: { run: () => Promise.reject(new Error('no')) },
  });
  t.is(failed.pending.size, 0);
});

test('starts within a minute are counted, denied ones are not', async (t) => {
  const rates = new StartRates(() => 0);
  for (let i = 0; i < 5; i++)
    t.is((await guarded(USUAL, ALICE, `run -d ${IMAGE}`, { rates })).status, 0);
  for (let i = 0; i < 2; i++) {
    const { err } = await guarded(USUAL, ALICE, 'start web', { rates, engine: own });
    t.regex(err, /allows 5 starts within a minute, not 6/);
  }
});

test('a file of variables is read with the caller’s rights', async (t) => {
  const paths: string[] = [];
  const read = (path: string) => {
    paths.push(path);
    return Promise.resolve('SECRET=1\n');
  };
  const words = `run -d --env-file /home/alice/env ${IMAGE}`;
  const { calls, audit } = await guarded(USUAL, ALICE, words, { read });
  t.deepEqual(paths, ['/home/alice/env']);
  t.like(made(calls), { env: ['SECRET=1'] });
  t.false(JSON.stringify(audit).includes('SECRET'));
});

test('a change has a line with its outcome, and the words of a process have none', async (t) => {
  const { audit } = await guarded(USUAL, ALICE, `run -d -e TOKEN=s3cret ${IMAGE} sh -c s3cret`, {
    engine: { run: () => Promise.reject(new Error('the disk is full')) },
  });
  t.deepEqual(
    audit.map(({ event, result, rule, reason }) => [event, result, rule ?? reason]),
    [
      ['decision', 'allowed', 'developers (line 4)'],
      ['decision', 'allowed', 'developers (line 4)'],
      ['change', 'failed', 'the disk is full'],
    ],
  );
  t.false(JSON.stringify(audit).includes('s3cret'));
});

test('every call of the engine is guarded for a user', (t) => {
  // The type makes this sure: guardEngine() returns an Engine of its own. The fake has all calls too.
  t.true(Object.keys(fakeEngine().engine).length > 60);
});
