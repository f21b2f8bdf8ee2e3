// SPDX-License-Identifier: Apache-2.0
// A new name applies to the container and its domain, or to neither.

import test from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { renameContainer } from '../../../../toolstack/runtime/store/rename.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

test('the domain follows, and it is written down', async (t) => {
  const { services, manager, records, calls } = await runningContainer(t);
  await renameContainer(services, manager, 'web', 'new');
  t.deepEqual(calls, [['rename', 'new']]);
  t.like(manager.list(true)[0], { name: 'new' });
  t.like((await records.loadAll(silentLog()))[0], { name: 'new', sandbox: { name: 'new' } });
  t.is(manager.reserveName('web'), 'web');
});

test('a name that is taken or none is refused', async (t) => {
  const { services, manager, container } = await runningContainer(t);
  await t.throwsAsync(renameContainer(services, manager, 'web', 'a b'), { code: 'ERR_USAGE' });
  await t.throwsAsync(renameContainer(services, manager, 'web', 'web'), {
    code: 'ERR_CONTAINER_NAME',
  });
  t.is(container.record.name, 'web');
});
