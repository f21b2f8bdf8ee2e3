// SPDX-License-Identifier: Apache-2.0
// thaw port: lists a container's published ports.

import type { Command } from '../../../command.js';
import type { PortRequest } from '../../../../api/engine.js';
import { UsageError } from '../../../options/usage-error.js';

export const portCommand: Command = {
  name: 'port',
  summary: "List a container's published ports",
  params: 'CONTAINER [PORT[/PROTOCOL]]',
  examples: ['thaw port web', 'thaw port web 80/tcp'],
  options: {},
  positionals: { min: 1, max: 2 },
  failureStatus: 125,
  async run({ positional: [name = '', wanted] }, client, engine) {
    const { ports } = await engine.find(name);
    const [port = '', protocol = 'tcp'] = (wanted ?? '').split('/');
    if (wanted !== undefined && !/^\d{1,5}(\/(tcp|udp))?$/.test(wanted))
      throw new UsageError(`Cannot use port ${wanted}: a port such as 80 or 53/udp is wanted`);
    const found = ports.filter(
      (one) =>
        wanted === undefined || (String(one.containerPort) === port && one.protocol === protocol),
    );
    for (const one of found) {
      const left = wanted === undefined ? `${one.containerPort}/${one.protocol} -> ` : '';
      client.out(`${left}${showHost(one)}\n`);
    }
    if (wanted !== undefined && found.length === 0) {
      client.err(`thaw: No port of the host leads to ${wanted} of container "${name}"\n`);
      return 125;
    }
    return 0;
  },
};

/** Returns `0.0.0.0:8080->80/tcp`, as in podman's lists. */
export function showPort(port: PortRequest): string {
  return `${showHost(port)}->${port.containerPort}/${port.protocol}`;
}

function showHost({ hostIp, hostPort }: PortRequest): string {
  const host = hostIp === '' ? '0.0.0.0' : hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return `${host}:${hostPort}`;
}
