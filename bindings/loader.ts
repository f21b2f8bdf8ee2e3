// SPDX-License-Identifier: Apache-2.0
// Finds and loads the compiled addon; no other file knows its path. Loading works without Xen, opening a context does not.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { XenError } from './errors.js';
import type { NativeAddon } from './native.js';

/** Relative to dist/bindings/, and to the bundled program's folder in an installed tree. THAW_NATIVE names another file. */
const PATHS = ['../..', '../../..'].map((top) =>
  fileURLToPath(new URL(`${top}/bindings/build/Release/thaw.node`, import.meta.url)),
);

function defaultPath(): string {
  return PATHS.find((path) => existsSync(path)) ?? PATHS[0] ?? '';
}

let loaded: NativeAddon | undefined;

/** Loads the addon once per thread. Throws XenError ERR_XEN_NO_BINDINGS when it is not built or Xen's libraries are missing. */
export function loadNative(): NativeAddon {
  loaded ??= prepare(requireAddon(process.env['THAW_NATIVE'] ?? defaultPath()));
  return loaded;
}

/** Hands the error class to an addon, real or fake. */
export function prepare(native: NativeAddon): NativeAddon {
  native.initialize((info) => new XenError(info));
  return native;
}

function requireAddon(path: string): NativeAddon {
  try {
    return createRequire(import.meta.url)(path) as NativeAddon;
  } catch (cause) {
    const isMissing =
      cause instanceof Error && 'code' in cause && cause.code === 'MODULE_NOT_FOUND';
    throw new XenError({
      reason: 'NO_BINDINGS',
      op: 'dlopen',
      rc: 0,
      hint: isMissing
        ? `${path} is not there, run scripts/build-bindings`
        : `${path} does not load, install Xen's libraries (apt install libxenmisc4.20) or run scripts/build-bindings again`,
      cause,
    });
  }
}
