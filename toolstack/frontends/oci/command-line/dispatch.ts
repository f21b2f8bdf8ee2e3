// SPDX-License-Identifier: Apache-2.0
// Runs each command of a runtime and prints its output (runc(8)).

import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Client } from '../../../api/client.js';
import { errorMessage } from '../../../base/errors.js';
import { VERSION } from '../../../base/version.js';
import { hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import { checkpoint } from '../verbs/checkpoint.js';
import { COMMANDS, usageOf, type OciCommandLine } from './command-line.js';
import type { OciContainers } from '../container/containers.js';
import { OciError } from '../errors.js';
import { printEvents } from '../verbs/events.js';
import { FEATURES, SPEC } from './features.js';
import { listOf } from './listing.js';
import { parseSignal } from '../verbs/kill.js';
import { resumeWithRoom, takeOverPause } from '../verbs/disk-pause.js';
import { pause } from '../verbs/pause.js';
import { processWith, readProcess, type ExecOptions } from '../config/process.js';
import { run, untilEnd } from '../verbs/run.js';
import { stateOf } from './state.js';
import { processesOf, processTable } from '../verbs/stats.js';
import { update } from '../verbs/update.js';
import { changeOf } from './update-options.js';
import { SPEC_VERSION } from '../version.js';

/** The folder of containers for an engine that gives no --root. */
const DEFAULT_ROOT = '/run/thaw/oci';

/** The folder of the checkpoint for an engine that gives no --image-path, in the client's working directory. */
const IMAGES = 'checkpoint';

/** Resolves with the exit status, or undefined for 0. Rejects as the command does. */
export async function runCommand(
  { command, global, options, lists, words }: OciCommandLine,
  client: Client,
  containers: OciContainers,
): Promise<number | void> {
  const root = resolve(client.cwd, global['root'] ?? DEFAULT_ROOT);
  const [id = '', word] = words;
  const path = (name: string): string =>
    options[name] === undefined ? '' : resolve(client.cwd, options[name]);
  const request = {
    id,
    root,
    bundle: resolve(client.cwd, options['bundle'] ?? '.'),
    pidFile: path('pid-file'),
    consoleSocket: path('console-socket'),
    ...(global['network-spoof'] === undefined ? {} : { maySpoof: true }),
  };
  switch (command) {
    case 'create':
      await containers.create(request, client);
      return;
    case 'run': {
      const detach = options['detach'] !== undefined;
      return run(containers, request, { detach, keep: options['keep'] !== undefined }, client);
    }
    case 'checkpoint': {
      const leavesRunning = options['leave-running'] !== undefined;
      const wish = { imagePath: path('image-path') || join(client.cwd, IMAGES), leavesRunning };
      return checkpoint(containers.services, containers.find(root, id), wish, client);
    }
    case 'restore': {
      const imagePath = path('image-path') || join(client.cwd, IMAGES);
      const container = await containers.restore({ ...request, imagePath }, client);
      if (options['detach'] !== undefined) return 0;
      return untilEnd(containers, container, options['keep'] !== undefined, client);
    }
    case 'exec': {
      const { record } = containers.find(root, id);
      const process =
        options['process'] === undefined
          ? processWith(record.process, execOptions(options, lists, words))
          : await readProcess(path('process'));
      const detach = options['detach'] !== undefined;
      const files = { pidFile: path('pid-file'), consoleSocket: path('console-socket') };
      return containers.exec(root, id, { process, detach, ...files }, client);
    }
    case 'start':
      return containers.start(root, id);
    case 'kill':
      // All processes of a container that has ended are gone.
      if (options['all'] !== undefined && hasEnded(containers.find(root, id).record)) return;
      return containers.kill(root, id, parseSignal(word ?? 'SIGTERM'));
    case 'delete':
      return containers.delete(root, id, options['force'] !== undefined);
    case 'state':
      client.out(`${JSON.stringify(stateOf(containers.find(root, id).record), null, 2)}\n`);
      return;
    case 'list':
      client.out(listOf(containers.list(root), options));
      return;
    case 'pause':
      if (await takeOverPause(containers.find(root, id), containers.all)) return;
      return pause(containers.services.sandbox.host.libxl, containers.find(root, id));
    case 'resume':
      return resumeWithRoom(containers.services, containers.find(root, id), containers.all);
    case 'update':
      return update(
        containers.services.sandbox,
        containers.find(root, id),
        await changeOf(options, client),
        containers.all,
      );
    case 'ps': {
      const container = containers.find(root, id);
      const { format = 'table' } = options;
      checkFormat(format);
      client.out(
        format === 'json'
          ? `${JSON.stringify([container.record.pid, ...container.standIns.values()])}\n`
          : processTable(await processesOf(container)),
      );
      return;
    }
    case 'events':
      return printEvents(containers.find(root, id), options, client);
    case 'features':
      client.out(`${JSON.stringify(FEATURES, null, 2)}\n`);
      return;
    case 'spec':
      return writeSpec(resolve(client.cwd, options['bundle'] ?? '.'));
    case 'version':
      client.out(`thaw-oci version ${VERSION}\nspec: ${SPEC_VERSION}\n`);
      return;
    default:
      client.out(
        id === ''
          ? `Usage: thaw-oci [--root DIR] [--log FILE] COMMAND\n\nCommands: ${Object.keys(COMMANDS).join(', ')}\n`
          : `Usage: thaw-oci ${id} [OPTION]...\n\nOptions:\n${usageOf(id)}`,
      );
  }
}

function execOptions(
  options: Record<string, string>,
  { env = [], cap = [], 'additional-gids': gids = [] }: Record<string, string[]>,
  [, ...args]: readonly string[],
): ExecOptions {
  return {
    args,
    tty: options['tty'] !== undefined,
    cwd: options['cwd'],
    user: options['user'],
    env,
    caps: cap,
    gids,
    noNewPrivileges: options['no-new-privs'] !== undefined,
  };
}

/** Throws ERR_USAGE. */
function checkFormat(format: string): void {
  if (!['table', 'json'].includes(format))
    throw new OciError('ERR_USAGE', `invalid format "${format}": table and json are allowed`);
}

/** Writes a config.json to the bundle. Rejects with ERR_USAGE where the bundle has one. */
async function writeSpec(bundle: string): Promise<void> {
  const path = join(bundle, 'config.json');
  await writeFile(path, `${JSON.stringify(SPEC, null, 2)}\n`, { flag: 'wx' }).catch(
    (cause: unknown) => {
      throw new OciError('ERR_USAGE', `Cannot write ${path}: ${errorMessage(cause)}`, { cause });
    },
  );
}
