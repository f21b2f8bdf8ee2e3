// SPDX-License-Identifier: Apache-2.0
// Which commands there are: help, completion, the manual and dispatch go by this table.

import type { Command } from './command.js';
import { cloneCommand } from './clone.js';
import { attachCommand } from './attach.js';
import { configCommand } from './config.js';
import { completionCommand } from './completion.js';
import { createCommand } from './create.js';
import { doctorCommand } from './doctor.js';
import { eventsCommand } from './events.js';
import { execCommand } from './exec.js';
import { freezeCommand, templatesCommand, unfreezeCommand } from './frozen.js';
import { healthcheckRunCommand } from './health-options.js';
import { infoCommand, versionCommand } from './host.js';
import { imagesCommand, pullCommand, rmiCommand } from './images.js';
import { inspectCommand } from './inspect.js';
import { killCommand } from './kill.js';
import { logsCommand } from './logs.js';
import {
  networkCreateCommand,
  networkInspectCommand,
  networkLsCommand,
  networkPruneCommand,
  networkRmCommand,
} from './network.js';
import { pauseCommand, unpauseCommand } from './pause.js';
import { portCommand } from './port.js';
import { psCommand } from './ps.js';
import { renameCommand } from './rename.js';
import { pruneCommand, rmCommand } from './rm.js';
import { runCommand } from './run.js';
import { startCommand } from './start.js';
import { restartCommand, stopCommand } from './stop.js';
import { statsCommand } from './stats.js';
import { topCommand } from './top.js';
import {
  volumeCreateCommand,
  volumeInspectCommand,
  volumeLsCommand,
  volumePruneCommand,
  volumeRmCommand,
} from './volume.js';
import { waitCommand } from './wait.js';

/** All commands, in the order in which help lists them. */
export const COMMANDS: readonly Command[] = [
  runCommand,
  createCommand,
  startCommand,
  stopCommand,
  restartCommand,
  killCommand,
  pauseCommand,
  unpauseCommand,
  waitCommand,
  rmCommand,
  pruneCommand,
  renameCommand,
  execCommand,
  attachCommand,
  logsCommand,
  psCommand,
  topCommand,
  statsCommand,
  inspectCommand,
  eventsCommand,
  healthcheckRunCommand,
  portCommand,
  networkCreateCommand,
  networkLsCommand,
  networkInspectCommand,
  networkRmCommand,
  networkPruneCommand,
  volumeCreateCommand,
  volumeLsCommand,
  volumeInspectCommand,
  volumeRmCommand,
  volumePruneCommand,
  imagesCommand,
  pullCommand,
  rmiCommand,
  cloneCommand,
  freezeCommand,
  unfreezeCommand,
  templatesCommand,
  infoCommand,
  versionCommand,
  configCommand,
  doctorCommand,
  completionCommand(() => COMMANDS),
];
