// SPDX-License-Identifier: Apache-2.0
// thaw image prune, system df and system prune: shows disk space, and removes unused things.

import type { DiskUsage, Engine } from '../../../api/engine.js';
import { describeError } from '../../../base/errors.js';
import { formatBytes } from '../../../base/text.js';
import { flag, stringOption, type Command } from '../../command.js';
import { confirm, FORCE_OPTION } from '../../output/confirm.js';
import { renderEach } from '../../output/format.js';
import { formatJson, formatTable } from '../../output/table.js';

export const imagePruneCommand: Command = {
  name: 'image prune',
  summary: 'Remove images without a name that nothing uses',
  params: '',
  examples: ['thaw image prune', 'thaw image prune --all --force'],
  options: {
    all: { type: 'boolean', short: 'a', describe: 'Also unused images with names' },
    ...FORCE_OPTION,
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const isAll = flag(parsed, 'all');
    const what = isAll ? 'images without at least one container' : 'dangling images';
    if (!(await confirm(`This command removes all ${what}.`, parsed, client))) return 0;
    const { images } = await engine.pruneImages(isAll);
    client.out(images.map((id) => `${id.replace(/^sha256:/, '')}\n`).join(''));
    return 0;
  },
};

export const systemDfCommand: Command = {
  name: 'system df',
  summary: 'Show the disk space in use, and how much of it can be freed',
  params: '',
  examples: ['thaw system df', "thaw system df --format '{{.Type}} {{.Reclaimable}}'"],
  options: { format: { type: 'string', describe: 'json, or a template such as {{.Type}}' } },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const usage = await engine.usage();
    const format = stringOption(parsed, 'format');
    const rows = usage.map(fields);
    if (format === 'json') client.out(formatJson(usage));
    else if (format !== undefined) client.out(renderEach(format, rows));
    else {
      const head = ['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE'];
      client.out(
        formatTable(
          head,
          rows.map((row) => Object.values(row).map(String)),
        ),
      );
    }
    return 0;
  },
};

/** Returns podman's fields, in the order of the table. */
function fields({ type, total, active, bytes, reclaimableBytes }: DiskUsage) {
  const percent = bytes === 0 ? 0 : Math.round((reclaimableBytes / bytes) * 100);
  const reclaimable = `${formatBytes(reclaimableBytes)} (${percent}%)`;
  const size = formatBytes(bytes);
  return { Type: type, Total: total, Active: active, Size: size, Reclaimable: reclaimable };
}

export const systemPruneCommand: Command = {
  name: 'system prune',
  summary: 'Remove containers that do not run, and unused networks and images',
  params: '',
  examples: ['thaw system prune', 'thaw system prune --all --force'],
  options: {
    all: {
      type: 'boolean',
      short: 'a',
      describe: 'All images and engine layers that nothing uses, not only unnamed images',
    },
    volumes: { type: 'boolean', describe: 'Also remove volumes that no container has' },
    ...FORCE_OPTION,
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const isAll = flag(parsed, 'all');
    const what = [
      'all containers that do not run',
      'all networks that no container is in',
      ...(flag(parsed, 'volumes') ? ['all volumes that no container has'] : []),
      isAll ? 'all images without at least one container' : 'all dangling images',
      ...(isAll ? ['all layers of engine images that no container has'] : []),
    ];
    const warning = `This command removes:\n${what.map((line) => `  - ${line}\n`).join('')}`;
    if (!(await confirm(warning, parsed, client))) return 0;
    const before = await total(engine);
    const failures: unknown[] = [];
    const containers = await removeEach(endedContainers(engine), failures, (id) =>
      engine.remove(id, false),
    );
    const networks = await removeEach(unusedNetworks(engine), failures, (name) =>
      engine.networkRemove(name),
    );
    const volumes = flag(parsed, 'volumes')
      ? await removeEach(unusedVolumes(engine), failures, (name) =>
          engine.volumeRemove(name, false),
        )
      : [];
    const { images } = await engine.pruneImages(isAll);
    if (isAll) await engine.pruneLayers();
    for (const [title, gone] of [
      ['Containers', containers],
      ['Networks', networks],
      ['Volumes', volumes],
      ['Images', images.map((id) => id.replace(/^sha256:/, ''))],
    ] as const)
      if (gone.length > 0) client.out(`Deleted ${title}\n${gone.join('\n')}\n`);
    const won = Math.max(0, before - (await total(engine)));
    client.out(`Total reclaimed space: ${formatBytes(won)}\n`);
    for (const failure of failures) client.err(`thaw: ${describeError(failure)}\n`);
    return failures.length > 0 ? 125 : 0;
  },
};

async function total(engine: Engine): Promise<number> {
  return (await engine.usage()).reduce((sum, { bytes }) => sum + bytes, 0);
}

function unusedVolumes(engine: Engine): string[] {
  const unused = engine.volumes().filter(({ containers }) => containers.length === 0);
  return unused.map(({ name }) => name);
}

function endedContainers(engine: Engine): string[] {
  const ended = ['created', 'exited', 'lost'];
  return engine
    .list(true)
    .filter(({ state }) => ended.includes(state))
    .map(({ id }) => id);
}

function unusedNetworks(engine: Engine): string[] {
  return engine
    .networks()
    .filter(({ containers, isDefault }) => !isDefault && containers.length === 0)
    .map(({ name }) => name);
}

/** Removes each name. Returns the removed names, and adds the errors of the rest to `failures`. */
async function removeEach(
  names: readonly string[],
  failures: unknown[],
  remove: (name: string) => Promise<unknown>,
): Promise<string[]> {
  const results = await Promise.allSettled(names.map((name) => remove(name)));
  for (const result of results) if (result.status === 'rejected') failures.push(result.reason);
  return names.filter((_, index) => results[index]?.status === 'fulfilled');
}
