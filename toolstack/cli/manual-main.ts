// SPDX-License-Identifier: Apache-2.0
// Prints thaw(1) with the date of its argument, for scripts/install.

import { COMMANDS } from './commands.js';
import { manualPage } from './output/manual.js';

process.stdout.write(manualPage(COMMANDS, process.argv[2] ?? ''));
