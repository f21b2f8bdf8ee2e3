// SPDX-License-Identifier: Apache-2.0
// Lists all commands. Help, completion, the manual and dispatch are made from this table.

import type { Command, CommandGroup } from './command.js';
import { cloneCommand } from './commands/container/clone.js';
import { attachCommand } from './commands/container/attach.js';
import { checkpointCommand, restoreCommand } from './commands/container/checkpoint.js';
import { configCommand } from './commands/system/config.js';
import { completionCommand } from './output/completion.js';
import { commitCommand } from './commands/container/files/commit.js';
import { copyCommand } from './commands/container/files/cp.js';
import { createCommand } from './commands/container/create.js';
import { diffCommand } from './commands/container/query/diff.js';
import { doctorCommand } from './commands/system/doctor.js';
import { eventsCommand } from './commands/container/query/events.js';
import { execCommand } from './commands/container/exec.js';
import { exportCommand } from './commands/container/files/export.js';
import { freezeCommand, templatesCommand, unfreezeCommand } from './commands/image/frozen.js';
import { healthcheckRunCommand } from './options/health.js';
import { infoCommand, versionCommand } from './commands/system/host.js';
import { loadCommand, pullCommand, pushCommand, saveCommand } from './commands/image/transfer.js';
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
import { policyCheckCommand, policyReloadCommand } from './commands/system/policy.js';
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

/** Returns the command by its longer name. */
function longer(name: string, command: Command): Command {
  const examples = command.examples.map((line) =>
    line.replace(`thaw ${command.name}`, `thaw ${name}`),
  );
  return { ...command, name, examples };
}

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    heading: 'Containers',
    commands: [
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
    ],
  },
  {
    heading: 'What containers do',
    commands: [
      psCommand,
      logsCommand,
      topCommand,
      statsCommand,
      inspectCommand,
      eventsCommand,
      portCommand,
      healthcheckRunCommand,
    ],
  },
  {
    heading: 'Copies of running containers, and frozen images',
    commands: [
      cloneCommand,
      checkpointCommand,
      restoreCommand,
      freezeCommand,
      unfreezeCommand,
      templatesCommand,
    ],
  },
  {
    heading: 'Pods',
    commands: [
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
    ],
  },
  {
    heading: 'Networks',
    commands: [
      networkCreateCommand,
      networkLsCommand,
      networkInspectCommand,
      networkRmCommand,
      networkPruneCommand,
    ],
  },
  {
    heading: 'Volumes',
    commands: [
      volumeCreateCommand,
      volumeLsCommand,
      volumeInspectCommand,
      volumeRmCommand,
      volumePruneCommand,
    ],
  },
  {
    heading: 'Images',
    commands: [
      imagesCommand,
      pullCommand,
      pushCommand,
      tagCommand,
      untagCommand,
      rmiCommand,
      saveCommand,
      loadCommand,
      historyCommand,
      imageInspectCommand,
      imageExistsCommand,
      imagePruneCommand,
    ],
  },
  {
    heading: 'Host',
    commands: [
      infoCommand,
      versionCommand,
      systemDfCommand,
      systemPruneCommand,
      configCommand,
      policyCheckCommand,
      policyReloadCommand,
      doctorCommand,
      completionCommand,
    ],
  },
  {
    heading: 'Longer names of commands above',
    commands: [
      longer('image ls', imagesCommand),
      longer('image pull', pullCommand),
      longer('image push', pushCommand),
      longer('image tag', tagCommand),
      longer('image untag', untagCommand),
      longer('image rm', rmiCommand),
      longer('image save', saveCommand),
      longer('image load', loadCommand),
      longer('image history', historyCommand),
      longer('container checkpoint', checkpointCommand),
      longer('container restore', restoreCommand),
    ],
  },
];

export const COMMANDS: readonly Command[] = COMMAND_GROUPS.flatMap(({ commands }) => commands);
