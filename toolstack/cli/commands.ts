// SPDX-License-Identifier: Apache-2.0
// Which commands there are: help, completion, the manual and dispatch go by this table.

import type { Command } from './command.js';
import { cloneCommand } from './commands/container/clone.js';
import { attachCommand } from './commands/container/attach.js';
import { checkpointCommand, restoreCommand } from './commands/container/checkpoint.js';
import { configCommand } from './commands/system/config.js';
import { completionCommand } from './output/completion.js';
import { commitCommand } from './commands/container/files/commit.js';
import { copyCommand } from './commands/container/files/copy.js';
import { createCommand } from './commands/container/create.js';
import { diffCommand } from './commands/container/query/diff.js';
import { doctorCommand } from './commands/system/doctor.js';
import { eventsCommand } from './commands/container/query/events.js';
import { execCommand } from './commands/container/exec.js';
import { exportCommand } from './commands/container/files/export.js';
import { freezeCommand, templatesCommand, unfreezeCommand } from './commands/image/frozen.js';
import { healthcheckRunCommand } from './options/health.js';
import { infoCommand, versionCommand } from './commands/system/host.js';
import { loadCommand, pullCommand, pushCommand, saveCommand } from './commands/image/copy.js';
import { historyCommand, imageInspectCommand } from './commands/image/inspect.js';
import {
  imageExistsCommand,
  rmiCommand,
  tagCommand,
  untagCommand,
} from './commands/image/names.js';
import { imagesCommand } from './commands/image/list.js';
import { inspectCommand } from './commands/container/query/inspect.js';
import { killCommand } from './commands/container/kill.js';
import { logsCommand } from './commands/container/query/logs.js';
import {
  networkCreateCommand,
  networkInspectCommand,
  networkLsCommand,
  networkPruneCommand,
  networkRmCommand,
} from './commands/network/network.js';
import { pauseCommand, unpauseCommand } from './commands/container/pause.js';
import { podCreateCommand } from './commands/pod/create.js';
import {
  podKillCommand,
  podPauseCommand,
  podPruneCommand,
  podRestartCommand,
  podRmCommand,
  podStartCommand,
  podStopCommand,
  podUnpauseCommand,
} from './commands/pod/lifecycle.js';
import { podExistsCommand, podInspectCommand, podPsCommand } from './commands/pod/ps.js';
import { portCommand } from './commands/container/query/port.js';
import { psCommand } from './commands/container/query/ps.js';
import { renameCommand } from './commands/container/rename.js';
import { pruneCommand, rmCommand } from './commands/container/rm.js';
import { runCommand } from './commands/container/run.js';
import { startCommand } from './commands/container/start.js';
import { restartCommand, stopCommand } from './commands/container/stop.js';
import { statsCommand } from './commands/container/query/stats.js';
import {
  imagePruneCommand,
  systemDfCommand,
  systemPruneCommand,
} from './commands/system/system.js';
import { topCommand } from './commands/container/query/top.js';
import { updateCommand } from './commands/container/update.js';
import {
  volumeCreateCommand,
  volumeInspectCommand,
  volumeLsCommand,
  volumePruneCommand,
  volumeRmCommand,
} from './commands/volume/volume.js';
import { waitCommand } from './commands/container/wait.js';

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
