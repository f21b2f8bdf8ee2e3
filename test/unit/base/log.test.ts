// SPDX-License-Identifier: Apache-2.0
// The log has one line for each event, with causes and ids, whatever a message contains.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const LOG = fileURLToPath(new URL('../../../toolstack/base/log.js', import.meta.url));

/** Returns the stderr of a process that logs as `code` says. */
function logged(level: string, code: string): string {
  const program = `import { createLog } from ${JSON.stringify(LOG)}; const log = createLog('${level}'); ${code}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    .stderr;
}

test('a line has time, level, message, causes and ids', (t) => {
  const text = logged(
    'info',
    `log.error('Cannot stop', { error: new Error('a', { cause: new Error('b') }), domid: 7, name: 'x y' });`,
  );
  t.regex(text, /^\d{4}-\d\d-\d\dT\S+Z error Cannot stop: a: b domid=7 name="x y"\n$/);
});

test('what is below the level is not written', (t) => {
  t.is(logged('warn', `log.info('quiet'); log.debug('quiet');`), '');
});
