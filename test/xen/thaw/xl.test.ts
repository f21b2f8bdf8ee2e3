// SPDX-License-Identifier: Apache-2.0
// xl sees a container as an ordinary domain.

import test from 'ava';
import {
  busybox,
  command,
  list,
  runWords,
  running,
  startThaw,
  thaw,
  until,
} from '../../support/dom0/thaw.js';
import { consoleOpens } from '../../support/xen/xl-console.js';

test.serial(
  'xl list shows the domain by name, xl console its console, xl destroy ends it and thaw says so',
  async (t) => {
    t.timeout(300_000);
    const { done } = startThaw(runWords('--name', 'seen-by-xl', busybox, 'sleep', '600'));
    const { domid } = await running('seen-by-xl');
    // xl learns the name a moment after the start, which does not wait for it.
    await until('xl to list it by its name', async () =>
      new RegExp(`^seen-by-xl +${domid} `, 'm').test(await command('xl', ['list'])),
    );
    t.is(await consoleOpens('seen-by-xl'), true);
    await command('xl', ['destroy', 'seen-by-xl']);
    const { status, stderr } = await done;
    t.is(status, 125);
    t.regex(stderr, /domain destroyed|domain was destroyed/);
    const lost = await until('it is written down', async () =>
      (await list()).find((c) => c.name === 'seen-by-xl' && c.state === 'lost'),
    );
    t.regex(lost.reason ?? '', /destroyed/);
    t.is((await thaw(['rm', 'seen-by-xl'])).status, 0);
  },
);
