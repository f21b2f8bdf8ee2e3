// SPDX-License-Identifier: Apache-2.0
// On a host whose setpriv knows neither Landlock nor seccomp filters (util-linux before 2.41), images arrive and leave all the same.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { imageStore } from '../../support/image/store.js';

const run = promisify(execFile);

/** Stands for an older setpriv. */
const SETPRIV = `#!/bin/sh
for word; do
  case $word in
    --seccomp-filter|--landlock-access) echo "setpriv: unrecognized option '$word'" >&2; exit 1 ;;
    --) break ;;
  esac
done
PATH=\${PATH#*:}
exec setpriv "$@"
`;

test('an image is pulled, converted and saved without the walls that the host lacks', async (t) => {
  const { dir, archive } = await imageStore(t);
  const file = await archive('a.tar', [{ name: 'a', content: 'a' }]);
  const bin = join(dir, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'setpriv'), SETPRIV, { mode: 0o755 });
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const out = JSON.stringify(join(dir, 'out.tar'));
  const script = `
    import { ImageStore } from ${at('../../../toolstack/image/index.js')};
    import { silentLog } from ${at('../../../toolstack/base/log.js')};
    import { hasFilter } from ${at('../../../toolstack/image/tool-walls.js')};
    const store = await ImageStore.open({ root: ${JSON.stringify(join(dir, 'old'))}, log: silentLog() });
    const [reference, path] = [${JSON.stringify(`oci-archive:${file}`)}, ${out}];
    const { id } = await store.pull(reference);
    await store.save(id, { path, format: 'docker-archive', title: path });
    const [loaded] = await store.load(path);
    console.log(await hasFilter('parser'), loaded.image.id === id);`;
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
  const words = ['--input-type=module', '-e', script];
  const { stdout } = await run(process.execPath, words, { env });
  t.is(stdout, 'false true\n');
});
