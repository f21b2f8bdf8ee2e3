// SPDX-License-Identifier: Apache-2.0
// Prints thaw(1) as of the date given, for scripts/install.

import { COMMANDS } from './commands.js';
import { manualPage } from './output/manual.js';

process.stdout.write(manualPage(COMMANDS, process.argv[2] ?? ''));
