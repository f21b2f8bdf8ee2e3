// SPDX-License-Identifier: Apache-2.0
// Makes a bundle whose process is `true`, from the image of all start measurements.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGE, WORK } from '../paths.js';

/** Makes the bundle and returns its folder, below WORK. */
export function makeBundle(): string {
  const bundle = join(WORK, 'bundle');
  mkdirSync(bundle, { recursive: true });
  execFileSync('umoci', ['unpack', '--image', IMAGE.replace(/^oci:/, ''), join(bundle, 'image')]);
  execFileSync('crun', ['spec'], { cwd: bundle });
  const spec = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
    process: { terminal: boolean; args: string[] };
    root: { path: string };
  };
  spec.process = { ...spec.process, terminal: false, args: ['/bin/true'] };
  spec.root.path = join(bundle, 'image/rootfs');
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
  return bundle;
}
