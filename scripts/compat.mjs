#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Prints docs/compat.md, made of test/support/cli/compat-rows.ts, which test/xen/compat runs: scripts/compat.mjs >docs/compat.md

import { COMPAT_ROWS } from '../dist/test/support/cli/compat-rows.js';
import { compatPage } from '../dist/test/support/cli/compat-page.js';

process.stdout.write(compatPage(COMPAT_ROWS));
