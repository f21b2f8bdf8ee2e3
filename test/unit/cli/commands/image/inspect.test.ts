// SPDX-License-Identifier: Apache-2.0
// thaw image inspect and history, and how thaw inspect resolves a name.

import test from 'ava';
import { ThawError } from '../../../../../toolstack/base/errors.js';
import { commandLine as line } from '../../../../support/cli/command-line.js';
import { IMAGE_INSPECTED, INSPECTED } from '../../../../support/cli/fake-engine.js';

const noContainer = {
  inspect: () => Promise.reject(new ThawError('ERR_CONTAINER_NOT_FOUND', 'no container')),
};
const noImage = {
  inspectImage: () => Promise.reject(new ThawError('ERR_IMAGE_NOT_FOUND', 'no image')),
};

test('image inspect prints JSON, or what a template asks for', async (t) => {
  t.deepEqual(JSON.parse((await line('image inspect busybox')).out), [IMAGE_INSPECTED]);
  const words = ['image', 'inspect', '-f', '{{.Architecture}} {{.RootFS.Type}}', 'busybox'];
  t.is((await line(words)).out, 'amd64 layers\n');
  const { status, err } = await line('image inspect busybox', { engine: noImage });
  t.is(status, 125);
  t.is(err, 'thaw: no image\n');
});

test('inspect looks for a container, then for an image, or for what it is told', async (t) => {
  const ids = async (words: string, engine = {}) => {
    const { out } = await line(words, { engine });
    return (JSON.parse(out) as { Id: string }[]).map(({ Id }) => Id);
  };
  t.deepEqual(await ids('inspect web'), [INSPECTED.Id]);
  t.deepEqual(await ids('inspect web', noContainer), [IMAGE_INSPECTED.Id]);
  t.deepEqual(await ids('inspect --type image web'), [IMAGE_INSPECTED.Id]);
  t.deepEqual(await ids('inspect --type container web', noContainer), []);
  t.is((await line('inspect --type pod web')).status, 2);
  const { status, err } = await line('inspect web', { engine: { ...noContainer, ...noImage } });
  t.deepEqual({ status, err }, { status: 125, err: 'thaw: no container\n' });
});

test('history shows the last step first', async (t) => {
  const [head = '', first = '', second = ''] = (await line('history busybox')).out.split('\n');
  t.regex(head, /^ID +CREATED +CREATED BY +SIZE +COMMENT$/);
  t.regex(first, /^cdcdcdcdcdcd +- +CMD \["x+… +0 B$/);
  t.regex(second, /^<none> +- +ADD rootfs.tar \/ +2 MiB$/);
  const { out } = await line(['image', 'history', '--format', '{{.CreatedBy}}', 'busybox']);
  t.true(out.endsWith('ADD rootfs.tar /\n'));
  t.is((JSON.parse((await line('history --format json busybox')).out) as unknown[]).length, 2);
});
