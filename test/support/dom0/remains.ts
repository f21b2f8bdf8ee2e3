// SPDX-License-Identifier: Apache-2.0
// Lists dom0's own remains of containers; leaks.ts lists those in Xen and xenstore. Without a container there are none, whichever program asked for
// it.

import { existsSync, readdirSync, readFileSync, readlinkSync, type Dirent } from 'node:fs';
import { command } from './thaw.js';

export interface Remains {
  /** Command lines of launchers, shims, stand-ins and the programs that thawd or a container engine starts for one container or image. */
  processes: string[];
  /** Interfaces of guests and of container engines' network namespaces. */
  links: string[];
  networkNamespaces: string[];
  /** Folders of cgroups of any container engine or of thaw's tests. */
  cgroups: string[];
  /** Records of containers and pods, of thaw or a container engine, relative to the root folder. */
  records: string[];
  /** Unfinished files. */
  halfMade: string[];
  /** thaw's packet rules that lead into a container or name its interface. */
  rules: string[];
}

const PROGRAM =
  /^(\S*\/)?(thaw(-\S+)?|crun|runc|conmon|containerd-shim\S*|skopeo|mkfs\.\S+|tar|cp)( |$)/;
const LINK = /^(vif|veth)/;
const CGROUP = /[0-9a-f]{64}|\/thaw-test\/.|\/sandboxes\/./;
const RECORD = /^\/(run\/thaw\/(sandboxes|oci|volumes|dns)|var\/lib\/thaw\/(containers|pods))\/./;
const HALF_MADE = /\.tmp(-\d+-\d+)?$|\.part$|\/engine-layers\/own-|\/images\/tmp\/./;

/** Reads all lists at once; takes a second in the lab. */
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
    rules: rules.split('\n').filter((line) => /\bdnat\b.* to |"vif\d/.test(line)),
  };
}

function entriesBelow(folder: string): Dirent[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
}

function pathOf({ parentPath, name }: Dirent): string {
  return `${parentPath}/${name}`;
}

/** Lists every process's command line, with the program in place of a name that its exec of /proc/self/exe gave it. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const isThaws = /\/usr\/lib\/thaw\//.test(readlinkSync(`/proc/${pid}/exe`));
        return line === '' ? [] : [isThaws ? `thaw ${line}` : line];
      } catch {
        return []; // The process ended meanwhile.
      }
    });
}
