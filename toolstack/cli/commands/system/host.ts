// SPDX-License-Identifier: Apache-2.0
// thaw info and version: describes the host and thaw.

import type { HostInfo } from '../../../api/engine.js';
import { formatBytes } from '../../../base/text.js';
import { VERSION } from '../../../base/version.js';
import { flag, stringOption, type Command } from '../../command.js';
import { fieldNames, renderEach } from '../../output/format.js';
import { formatJson } from '../../output/table.js';

export const infoCommand: Command = {
  name: 'info',
  summary: 'Show the host, its templates and the defaults',
  params: '',
  examples: ['thaw info', "thaw info --format '{{.Xen.Version}} {{.Host.Cpus}}'"],
  options: {
    json: { type: 'boolean', describe: 'Print JSON, as --format json does' },
    format: {
      type: 'string',
      short: 'f',
      describe: 'json, or a template such as {{.MemoryBytes}} for the key memoryBytes',
    },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const info = await engine.info();
    const format = stringOption(parsed, 'format');
    if (format === 'json' || flag(parsed, 'json')) client.out(formatJson(info));
    else client.out(format === undefined ? infoText(info) : renderEach(format, [fieldNames(info)]));
    return 0;
  },
};

function infoText(info: HostInfo): string {
  const { xen, host, defaults, templates, containers, paths, disks } = info;
  const lines: [string, string][] = [
    ['thaw', info.version],
    ['Xen', `${xen.version} (${xen.capabilities.join(' ')})`],
    [
      'host',
      `${host.cpus} CPUs, ${formatBytes(host.memoryBytes)}, ${formatBytes(host.freeMemoryBytes)} free`,
    ],
    ['default', `${defaults.type}, ${formatBytes(defaults.memoryBytes)}`],
    ...templates.map((t): [string, string] => [
      'template',
      `${t.key}: ${t.type}, up to ${t.vcpus} vCPUs, ${formatBytes(t.memoryBytes)}, stream ${formatBytes(t.bytes)}, ${t.ready} ready`,
    ]),
    ['containers', `${containers.running} running, ${containers.ended} ended`],
    ['images', String(info.images)],
    ...disks.map((disk): [string, string] => [
      'disk',
      `${disk.path}: ${formatBytes(disk.freeBytes)} free of ${formatBytes(disk.totalBytes)}, reserve ${formatBytes(disk.reserveBytes)} (${disk.holds.join(', ')})`,
    ]),
    ['state', paths.state],
    ['guest', paths.guest],
  ];
  return lines.map(([name, value]) => `${`${name}:`.padEnd(12)}${value}\n`).join('');
}

export const versionCommand: Command = {
  name: 'version',
  summary: 'Show the versions of thaw and Xen',
  params: '',
  examples: ['thaw version', "thaw version --format '{{.Server.Version}}'"],
  options: {
    format: {
      type: 'string',
      short: 'f',
      describe: 'json, or a template such as {{.Server.Version}}; also of Client and Xen',
    },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const { version, xen } = await engine.info();
    const format = stringOption(parsed, 'format');
    // thawd itself reads the command line, so client and server have one version.
    const versions = {
      Client: { Version: VERSION },
      Server: { Version: version },
      Xen: { Version: xen.version },
    };
    if (format === 'json') client.out(formatJson(versions));
    else if (format !== undefined) client.out(renderEach(format, [versions]));
    else client.out(`thaw ${VERSION}\nXen ${xen.version}\n`);
    return 0;
  },
};
