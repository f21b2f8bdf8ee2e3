// SPDX-License-Identifier: Apache-2.0
// Groups the options in the help of a command that has many.

import type { OptionTable } from '../options/table.js';

/** Options by heading, in the order of help. An option means the same in all commands that have groups. */
const GROUPS: Readonly<Record<string, string>> = {
  General: 'name pod share label cidfile detach rm restart exit-policy stop-signal stop-timeout',
  Image: 'frozen template pull tls-verify authfile',
  Process: 'interactive tty detach-keys entrypoint env env-file user workdir init',
  Resources: 'memory cpus pids-limit ulimit storage-opt type',
  Files: 'volume mount tmpfs device read-only',
  Network:
    'network network-alias publish ip ip6 mac-address hostname add-host dns dns-search dns-option',
  Security: 'cap-add cap-drop security-opt',
  Health: 'health-cmd health-interval health-timeout health-retries health-start-period',
};

/** A command with fewer options needs no groups. */
const MANY = 12;

/** Returns the options by heading. `Options` comes last and has those without a group. */
export function optionGroups(table: OptionTable): Map<string, string[]> {
  const names = Object.keys(table);
  const groups = new Map<string, string[]>();
  if (names.length > MANY)
    for (const [heading, members] of Object.entries(GROUPS)) {
      const found = members.split(' ').filter((name) => names.includes(name));
      if (found.length > 0) groups.set(heading, found);
    }
  const grouped = [...groups.values()].flat();
  groups.set(
    'Options',
    names.filter((name) => !grouped.includes(name)),
  );
  return groups;
}
