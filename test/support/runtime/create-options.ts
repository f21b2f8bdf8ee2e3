// SPDX-License-Identifier: Apache-2.0
// The options of a container of which a test says nothing.

import type { CreateOptions } from '../../../toolstack/api/engine.js';

export const CREATE_OPTIONS: CreateOptions = {
  image: 'busybox',
  command: [],
  rm: false,
  interactive: false,
  tty: false,
  env: [],
  pull: 'missing',
  tlsVerify: true,
};
