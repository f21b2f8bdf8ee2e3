// SPDX-License-Identifier: Apache-2.0
// thaw volume create, ls, inspect, rm and prune: manages volumes.

import type { VolumeSummary } from '../../../api/engine.js';
import { errorCode } from '../../../base/errors.js';
import { defined } from '../../../base/defined.js';
import { flag, stringList, stringOption, type Command, type Parsed } from '../../command.js';
import { confirm, FORCE_OPTION } from '../../output/confirm.js';
import { forEach } from '../container/each.js';
import { renderEach } from '../../output/format.js';
import { inspectEach } from '../container/query/inspect.js';
import { formatJson, formatTable } from '../../output/table.js';
import { UsageError } from '../../options/usage-error.js';
import { bytes, pairs } from '../../options/values.js';

export const volumeCreateCommand: Command = {
  name: 'volume create',
  summary: 'Make a volume: a folder that outlives its containers',
  params: '[NAME]',
  examples: ['thaw volume create data', 'thaw volume create --opt size=2g --label team=db data'],
  options: {
    opt: {
      type: 'string',
      short: 'o',
      describe: 'size=SIZE for a filesystem of its own, of that size; may be repeated',
    },
    label: { type: 'string', describe: 'Label K=V; may be repeated' },
  },
  positionals: { min: 0, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const name = await engine.volumeCreate(
      defined({
        name: parsed.positional[0],
        sizeBytes: size(parsed),
        labels: pairs('--label', stringList(parsed, 'label')),
      }),
    );
    client.out(`${name}\n`);
    return 0;
  },
};

function size(parsed: Parsed): number | undefined {
  const { size: found, ...others } = pairs('--opt', stringList(parsed, 'opt'));
  const [wrong] = Object.keys(others);
  if (wrong !== undefined)
    throw new UsageError(`Cannot use --opt ${wrong}: size=SIZE is allowed, such as size=2g`);
  return bytes('--opt size', found);
}

export const volumeLsCommand: Command = {
  name: 'volume ls',
  summary: 'List volumes',
  params: '',
  examples: ['thaw volume ls', "thaw volume ls --format '{{.Name}} {{.Mountpoint}}'"],
  options: {
    quiet: { type: 'boolean', short: 'q', describe: 'Only their names' },
    format: { type: 'string', describe: 'json, or a template such as {{.Name}}' },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  run(parsed, client, engine) {
    const volumes = engine.volumes();
    const format = stringOption(parsed, 'format');
    if (format === 'json') client.out(formatJson(volumes.map(fields)));
    else if (format !== undefined) client.out(renderEach(format, volumes.map(fields)));
    else if (flag(parsed, 'quiet')) client.out(volumes.map(({ name }) => `${name}\n`).join(''));
    else client.out(formatTable(['DRIVER', 'VOLUME NAME', 'CONTAINERS'], volumes.map(row)));
    return Promise.resolve(0);
  },
};

function row({ name, containers }: VolumeSummary): string[] {
  return ['local', name, containers.join(', ')];
}

/** Returns the fields of --format. */
function fields(volume: VolumeSummary): object {
  const { name, path, sizeBytes, labels, isAnonymous, created, containers } = volume;
  return {
    Name: name,
    Driver: 'local',
    Mountpoint: path,
    CreatedAt: new Date(created).toISOString(),
    Labels: labels,
    Scope: 'local',
    Options: defined({ size: sizeBytes?.toString() }),
    Anonymous: isAnonymous,
    Containers: containers,
  };
}

export const volumeInspectCommand: Command = {
  name: 'volume inspect',
  summary: 'Print all details of volumes',
  params: 'NAME...',
  examples: ['thaw volume inspect data'],
  options: {
    format: { type: 'string', short: 'f', describe: 'json, or a template (default json)' },
  },
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  run: (parsed, client, engine) =>
    inspectEach(parsed, client, async (name) => fields(await engine.volume(name))),
};

export const volumeRmCommand: Command = {
  name: 'volume rm',
  summary: 'Remove volumes, with all that they hold',
  params: 'NAME...',
  examples: ['thaw volume rm data'],
  options: {
    force: { type: 'boolean', short: 'f', describe: 'Remove containers that have them, too' },
  },
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  run: (parsed, client, engine) =>
    forEach(parsed.positional, client, (name) => engine.volumeRemove(name, flag(parsed, 'force')), {
      // podman's statuses: 1 for a missing volume, 2 for one in use.
      failureStatus: (error) => STATUSES[errorCode(error) ?? ''] ?? 125,
    }),
};

const STATUSES: Record<string, number> = { ERR_VOLUME_NOT_FOUND: 1, ERR_VOLUME_USED: 2 };

export const volumePruneCommand: Command = {
  name: 'volume prune',
  summary: 'Remove all volumes that no container has',
  params: '',
  examples: ['thaw volume prune --force'],
  options: FORCE_OPTION,
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const warning =
      'This command removes all volumes that no container has, and all that they hold.';
    if (!(await confirm(warning, parsed, client))) return 0;
    const unused = engine.volumes().filter(({ containers }) => containers.length === 0);
    const names = unused.map(({ name }) => name);
    return forEach(names, client, (name) => engine.volumeRemove(name, false));
  },
};
