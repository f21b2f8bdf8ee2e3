// SPDX-License-Identifier: Apache-2.0
// thaw doctor: lists what the host lacks for thaw, each with a command that repairs it. Works without thawd and without Xen.

import { doctorChecks } from './doctor-checks.js';
import type { Finding } from './finding.js';
import { flag, type Command } from '../../command.js';
import { formatJson } from '../../output/table.js';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'List what this host lacks for thaw, and how to repair it',
  params: '',
  examples: ['thaw doctor'],
  options: { json: { type: 'boolean', describe: 'Print JSON' } },
  positionals: { min: 0, max: 0 },
  failureStatus: 1,
  async run(parsed, client) {
    const findings = await doctorChecks();
    client.out(flag(parsed, 'json') ? formatJson(findings) : findings.map(findingText).join(''));
    return findings.some((finding) => finding.state === 'missing') ? 1 : 0;
  },
};

function findingText(finding: Finding): string {
  const line = `${finding.state.padEnd(8)} ${finding.what}${finding.detail === '' ? '' : `: ${finding.detail}`}\n`;
  return finding.remedy === undefined
    ? line
    : `${line}${' '.repeat(9)}mend it with: ${finding.remedy}\n`;
}
