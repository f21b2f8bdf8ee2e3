// SPDX-License-Identifier: Apache-2.0
// The pool holds clones in the configured sizes. Dead clones are never handed out, and none outlives the pool.

import test from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { ThawError } from '../../../../toolstack/base/errors.js';
import { Undo } from '../../../../toolstack/base/undo.js';
import type { Template } from '../../../../toolstack/clone/template/template.js';
import type { Member } from '../../../../toolstack/sandbox/pool/pooled-clone.js';
import { Pool } from '../../../../toolstack/sandbox/pool/pool.js';
import type { Ready } from '../../../../toolstack/sandbox/boot/booted-clone.js';
import type { SandboxServices } from '../../../../toolstack/sandbox/services.js';
import { until } from '../../../support/within.js';

const TEMPLATE = { key: 'k1', shape: { memoryKib: 65536 } } as Template;
const OTHER = { key: 'k2', shape: { memoryKib: 65536 } } as Template;

class FakeMember {
  isAlive = true;
  hasFiles = false;
  destroyed = false;
  readonly ready: Ready;
  readonly lose: () => void;

  constructor(number: number, onLost: (member: Member) => void) {
    this.ready = { record: { name: `thaw-pool-${number}` }, memoryKib: 65536 } as Ready;
    this.lose = () => {
      this.isAlive = false;
      onLost(this as unknown as Member);
    };
  }

  release(): Ready {
    return this.ready;
  }

  destroy(): Promise<void> {
    this.destroyed = true;
    return Promise.resolve();
  }
}

function poolOf(min: number, max: number) {
  const made: FakeMember[] = [];
  const state = { failure: undefined as Error | undefined };
  const services = { host: { log: silentLog() } } as unknown as SandboxServices;
  const pool = new Pool(
    services,
    { min, max },
    (_services, _template, onLost, _signal, hasFiles = false) => {
      if (state.failure) return Promise.reject(state.failure);
      const member = new FakeMember(made.length, onLost);
      member.hasFiles = hasFiles;
      made.push(member);
      return Promise.resolve(member as unknown as Member);
    },
  );
  const take = (template = TEMPLATE, wantsFiles = false) =>
    pool.take(template, new Undo(silentLog()), wantsFiles);
  return { pool, made, state, take };
}

const filled = (pool: Pool, n: number, key = 'k1') =>
  until(`${n} clones to wait`, () => Promise.resolve(pool.ready(key) === n));

test('a template that is kept has the minimum waiting, also after some were taken', async (t) => {
  const { pool, made, take } = poolOf(2, 8);
  t.is(take(), undefined);
  pool.keep(TEMPLATE);
  await filled(pool, 2);
  t.is(take(), made[0]?.ready);
  await pool.during(() => Promise.resolve());
  await filled(pool, 2);
  t.is(made.length, 3);
});

test('a template that nobody keeps has as many waiting as were just taken', async (t) => {
  const { pool, take } = poolOf(1, 3);
  for (let i = 0; i < 5; i++) t.is(take(OTHER), undefined);
  await pool.during(() => Promise.resolve());
  await filled(pool, 3, 'k2');
});

test('with a clone that waits there is no hurry; without one there is', async (t) => {
  const { pool, made, take } = poolOf(2, 2);
  pool.keep(TEMPLATE);
  await filled(pool, 2);
  const refilled = async (): Promise<number> => {
    const before = performance.now();
    await pool.during(() => Promise.resolve());
    await filled(pool, 2);
    return performance.now() - before;
  };
  take();
  t.true((await refilled()) > 200);
  t.is(made.length, 3);
  // A busy machine may delay a check, so the quickest of a few counts.
  let quickest = Infinity;
  for (let tries = 0; tries < 5 && quickest >= 200; tries++) {
    take();
    take();
    quickest = Math.min(quickest, await refilled());
  }
  t.true(quickest < 200, String(quickest));
});

test('who has files of dom0 gets clones that are made for them, from the second on', async (t) => {
  const { pool, made, take } = poolOf(2, 2);
  pool.keep(TEMPLATE);
  await filled(pool, 2);
  t.is(take(TEMPLATE, true), made[0]?.ready, 'one without is better than none');
  await pool.during(() => Promise.resolve());
  await filled(pool, 2);
  t.deepEqual(
    made.map(({ hasFiles }) => hasFiles),
    [false, false, true],
  );
  t.is(take(TEMPLATE, true), made[2]?.ready);
  t.is(take(), made[1]?.ready);
  await pool.during(() => Promise.resolve());
  await filled(pool, 2);
  t.false(made.slice(3).some(({ hasFiles }) => hasFiles));
  take(TEMPLATE, true);
  take(TEMPLATE, true);
  await pool.during(() => Promise.resolve());
  await filled(pool, 2);
  t.is(take(), undefined, 'nobody serves their device');
  await pool.during(() => Promise.resolve());
  const suits = () => Promise.resolve(made.at(-1)?.hasFiles === false && pool.ready('k1') === 2);
  await until('one that suits is made in its place', suits);
  const forFiles = made.filter(({ hasFiles }) => hasFiles).slice(-2);
  await until('and in the other’s', () => forFiles.every(({ destroyed }) => destroyed));
  await filled(pool, 2);
  t.is(take(), made.at(-2)?.ready);
  t.is(take(), made.at(-1)?.ready);
});

test('while a container starts no clone is made', async (t) => {
  const { pool, made } = poolOf(1, 3);
  await pool.during(async () => {
    pool.keep(TEMPLATE);
    await new Promise((resolve) => setTimeout(resolve, 100));
    t.is(made.length, 0);
  });
  await filled(pool, 1);
});

test('one that died while it waited is replaced, and never handed out', async (t) => {
  const { pool, made, take } = poolOf(1, 1);
  pool.keep(TEMPLATE);
  await filled(pool, 1);
  made[0]?.lose();
  t.true(made[0]?.destroyed);
  t.is(take(), undefined);
  await filled(pool, 1);
  // The clone is dead, and the report of its death is still on its way.
  if (made[1]) made[1].isAlive = false;
  t.is(take(), undefined);
  t.true(made[1]?.destroyed);
});

test('memory pressure takes them away, and nothing is made for a while', async (t) => {
  const { pool, made } = poolOf(3, 3);
  pool.keep(TEMPLATE);
  await filled(pool, 3);
  t.true(await pool.giveUp(100_000));
  t.is(pool.ready('k1'), 1);
  t.is(made.filter(({ destroyed }) => destroyed).length, 2);
  t.true(await pool.giveUp(1));
  t.false(await pool.giveUp(1));
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.is(made.length, 3);
});

test('a failure is not tried again at once', async (t) => {
  const { pool, made, state } = poolOf(1, 1);
  state.failure = new ThawError('ERR_MEMORY', 'no memory');
  pool.keep(TEMPLATE);
  await new Promise((resolve) => setTimeout(resolve, 50));
  state.failure = undefined;
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.is(made.length, 0);
});

test('when a template goes its clones go, and those being made', async (t) => {
  const { pool, made } = poolOf(2, 2);
  pool.keep(TEMPLATE);
  await filled(pool, 2);
  await pool.drop('k1');
  t.is(pool.ready('k1'), 0);
  t.true(made.every(({ destroyed }) => destroyed));
});

test('closed, it has none and makes none', async (t) => {
  const { pool, made, take } = poolOf(2, 2);
  pool.keep(TEMPLATE);
  await filled(pool, 2);
  await pool.close();
  t.true(made.every(({ destroyed }) => destroyed));
  pool.keep(TEMPLATE);
  await pool.during(() => Promise.resolve());
  await new Promise((resolve) => setTimeout(resolve, 80));
  t.is(take(), undefined);
  t.is(made.length, 2);
});

test('a maximum of 0 is no pool', async (t) => {
  const { pool, made, take } = poolOf(0, 0);
  pool.keep(TEMPLATE);
  t.is(take(), undefined);
  await pool.during(() => Promise.resolve());
  await new Promise((resolve) => setTimeout(resolve, 80));
  t.is(made.length, 0);
});
