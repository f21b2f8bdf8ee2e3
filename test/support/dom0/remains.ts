// SPDX-License-Identifier: Apache-2.0
// What dom0 itself has of containers, beside what Xen and xenstore have (leaks.ts): without one there is nothing of it, whoever asked for it.

import { existsSync, readdirSync, readFileSync, readlinkSync, type Dirent } from 'node:fs';
import { command } from './thaw.js';

export interface Remains {
  /** Command lines of launchers, shims, stand-ins and what thawd or an engine starts for one container or image. */
  processes: string[];
  /** Interfaces of guests and of engines' network namespaces. */
  links: string[];
  networkNamespaces: string[];
  /** Folders of cgroups, of whatever engine or of thaw's tests. */
  cgroups: string[];
  /** Of containers and pods, thaw's own or an engine's, relative to the root folder. */
  records: string[];
  /** Files that were being made. */
  halfMade: string[];
  /** Rules of thaw's that lead somewhere into a container. */
  rules: string[];
}

const PROGRAM =
  /^(\S*\/)?(thaw(-\S+)?|crun|runc|conmon|containerd-shim\S*|skopeo|mkfs\.\S+|tar|cp)( |$)/;
const LINK = /^(vif|veth)/;
const CGROUP = /[0-9a-f]{64}|\/thaw-test\/./;
const RECORD = /^\/(run\/thaw\/(sandboxes|oci|volumes|dns)|var\/lib\/thaw\/(containers|pods))\/./;
const HALF_MADE = /\.tmp(-\d+-\d+)?$|\.part$|\/engine-layers\/own-|\/images\/tmp\/./;

/** Reads it all at once; takes a second in the lab. */
export async function remains(): Promise<Remains> {
  const files = ['/run/thaw', '/var/lib/thaw'].flatMap(entriesBelow).map(pathOf);
  const folders = entriesBelow('/sys/fs/cgroup').filter((entry) => entry.isDirectory());
  const rules = await command('nft', ['list', 'ruleset']);
  return {
    processes: commandLines().filter((line) => PROGRAM.test(line)),
    links: readdirSync('/sys/class/net').filter((name) => LINK.test(name)),
    networkNamespaces: entriesBelow('/run/netns').map(pathOf),
    cgroups: folders.map(pathOf).filter((path) => CGROUP.test(path)),
    records: files.filter((path) => RECORD.test(path)),
    halfMade: files.filter((path) => HALF_MADE.test(path)),
    rules: rules.split('\n').filter((line) => /\bdnat\b.* to /.test(line)),
  };
}

function entriesBelow(folder: string): Dirent[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
}

function pathOf({ parentPath, name }: Dirent): string {
  return `${parentPath}/${name}`;
}

/** Of each process, with the program in place of a name that its exec of /proc/self/exe gave it. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const isThaws = /\/usr\/lib\/thaw\//.test(readlinkSync(`/proc/${pid}/exe`));
        return line === '' ? [] : [isThaws ? `thaw ${line}` : line];
      } catch {
        return []; // It ended meanwhile.
      }
    });
}
