// SPDX-License-Identifier: Apache-2.0
// Which commands there are: help, completion, the manual and dispatch go by this table.

import type { Command } from './command.js';
import { cloneCommand } from './clone.js';
import { attachCommand } from './attach.js';
import { checkpointCommand, restoreCommand } from './checkpoint.js';
import { configCommand } from './config.js';
import { completionCommand } from './completion.js';
import { commitCommand } from './commit.js';
import { copyCommand } from './copy.js';
import { createCommand } from './create.js';
import { diffCommand } from './diff.js';
import { doctorCommand } from './doctor.js';
import { eventsCommand } from './events.js';
import { execCommand } from './exec.js';
import { exportCommand } from './export.js';
import { freezeCommand, templatesCommand, unfreezeCommand } from './frozen.js';
import { healthcheckRunCommand } from './health-options.js';
import { infoCommand, versionCommand } from './host.js';
import { loadCommand, pullCommand, pushCommand, saveCommand } from './image-copy.js';
import { historyCommand, imageInspectCommand } from './image-inspect.js';
import { imageExistsCommand, rmiCommand, tagCommand, untagCommand } from './image-names.js';
import { imagesCommand } from './images.js';
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
import { podCreateCommand } from './pod-create.js';
import {
  podKillCommand,
  podPauseCommand,
  podPruneCommand,
  podRestartCommand,
  podRmCommand,
  podStartCommand,
  podStopCommand,
  podUnpauseCommand,
} from './pod-life.js';
import { podExistsCommand, podInspectCommand, podPsCommand } from './pod-ps.js';
import { portCommand } from './port.js';
import { psCommand } from './ps.js';
import { renameCommand } from './rename.js';
import { pruneCommand, rmCommand } from './rm.js';
import { runCommand } from './run.js';
import { startCommand } from './start.js';
import { restartCommand, stopCommand } from './stop.js';
import { statsCommand } from './stats.js';
import { imagePruneCommand, systemDfCommand, systemPruneCommand } from './system.js';
import { topCommand } from './top.js';
import { updateCommand } from './update.js';
import {
  volumeCreateCommand,
  volumeInspectCommand,
  volumeLsCommand,
  volumePruneCommand,
  volumeRmCommand,
} from './volume.js';
import { waitCommand } from './wait.js';

/** The same command by its longer name. */
function inGroup(name: string, command: Command): Command {
  const examples = command.examples.map((line) =>
    line.replace(`thaw ${command.name}`, `thaw ${name}`),
  );
  return { ...command, name, examples };
}

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
  updateCommand,
  execCommand,
  attachCommand,
  copyCommand,
  diffCommand,
  exportCommand,
  commitCommand,
  logsCommand,
  psCommand,
  topCommand,
  statsCommand,
  inspectCommand,
  eventsCommand,
  healthcheckRunCommand,
  portCommand,
  podCreateCommand,
  podPsCommand,
  podInspectCommand,
  podStartCommand,
  podStopCommand,
  podRestartCommand,
  podKillCommand,
  podPauseCommand,
  podUnpauseCommand,
  podRmCommand,
  podPruneCommand,
  podExistsCommand,
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
  pushCommand,
  tagCommand,
  untagCommand,
  rmiCommand,
  saveCommand,
  loadCommand,
  historyCommand,
  inGroup('image ls', imagesCommand),
  inGroup('image pull', pullCommand),
  inGroup('image push', pushCommand),
  inGroup('image tag', tagCommand),
  inGroup('image untag', untagCommand),
  inGroup('image rm', rmiCommand),
  inGroup('image save', saveCommand),
  inGroup('image load', loadCommand),
  imageInspectCommand,
  inGroup('image history', historyCommand),
  imageExistsCommand,
  imagePruneCommand,
  cloneCommand,
  checkpointCommand,
  restoreCommand,
  inGroup('container checkpoint', checkpointCommand),
  inGroup('container restore', restoreCommand),
  freezeCommand,
  unfreezeCommand,
  templatesCommand,
  infoCommand,
  versionCommand,
  systemDfCommand,
  systemPruneCommand,
  configCommand,
  doctorCommand,
  completionCommand(() => COMMANDS),
];
