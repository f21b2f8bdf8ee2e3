// SPDX-License-Identifier: Apache-2.0
// The tree behind the fake xenstored: nodes with values, permissions and generations, and transactions that detect conflicts. Written from Xen's
// docs/misc/xenstore.txt, without any of the product's code.

export class Errno extends Error {}

export interface FakeNode {
  readonly value: Buffer;
  /** Entries such as `n0` and `r7`, the owner's first. */
  readonly permissions: readonly string[];
  readonly children: readonly string[];
  readonly generation: number;
}

export interface Change {
  readonly path: string;
  readonly isRemoval: boolean;
}

export interface FakeQuota {
  readonly nodes: number;
  readonly nodeBytes: number;
  readonly errno: string;
}

/** Nodes are replaced, never altered, so that a copy of the map is a snapshot. */
export class FakeStore {
  readonly nodes: Map<string, FakeNode>;
  readonly changes: Change[] = [];
  readonly #seen = new Map<string, number | undefined>();
  static #generation = 1;

  constructor(nodes?: ReadonlyMap<string, FakeNode>) {
    const root = { value: Buffer.alloc(0), permissions: ['n0'], children: [], generation: 0 };
    this.nodes = new Map(nodes ?? [['/', root]]);
  }

  /** Returns a copy of the nodes, to be changed apart from this store and merged by `commit`. */
  begin(): FakeStore {
    return new FakeStore(this.nodes);
  }

  /** Applies the transaction's nodes, or throws EAGAIN when one that it used has changed here. Returns the changes. */
  commit(tx: FakeStore): readonly Change[] {
    for (const [path, generation] of tx.#seen)
      if (this.nodes.get(path)?.generation !== generation) throw new Errno('EAGAIN');
    for (const path of new Set([...this.nodes.keys(), ...tx.nodes.keys()])) {
      if (!tx.#seen.has(path)) continue;
      const node = tx.nodes.get(path);
      if (node === undefined) this.nodes.delete(path);
      else this.nodes.set(path, node);
    }
    return tx.changes;
  }

  /** Returns the node, if `domid` has that access. */
  get(path: string, domid: number, letter: 'r' | 'w'): FakeNode {
    const node = this.#look(path);
    if (node === undefined) throw new Errno('ENOENT');
    if (!isAllowed(node, domid, letter)) throw new Errno('EACCES');
    return node;
  }

  write(path: string, value: Buffer, domid: number, quota?: FakeQuota): void {
    if (quota !== undefined && domid !== 0 && value.length > quota.nodeBytes)
      throw new Errno(quota.errno === 'EQUOTA' ? 'E2BIG' : quota.errno);
    const node = this.#look(path) ?? this.#create(path, domid, quota);
    if (!isAllowed(node, domid, 'w')) throw new Errno('EACCES');
    this.#put(path, { ...node, value });
    this.changes.push({ path, isRemoval: false });
  }

  mkdir(path: string, domid: number, quota?: FakeQuota): void {
    if (this.#look(path) !== undefined) return;
    this.#create(path, domid, quota);
    this.changes.push({ path, isRemoval: false });
  }

  rm(path: string, domid: number): void {
    if (path === '/') throw new Errno('EINVAL');
    const parent = parentOf(path);
    if (this.#look(parent) === undefined) throw new Errno('ENOENT');
    if (this.#look(path) === undefined) return;
    this.get(path, domid, 'w');
    for (const below of [...this.nodes.keys()].filter((p) => p.startsWith(`${path}/`)))
      this.#remove(below);
    this.#remove(path);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const node = this.get(parent, 0, 'w');
    this.#put(parent, { ...node, children: node.children.filter((child) => child !== name) });
    this.changes.push({ path, isRemoval: true });
  }

  setPermissions(path: string, permissions: readonly string[], domid: number): void {
    const node = this.get(path, 0, 'w');
    if (domid !== 0 && ownerOf(node) !== domid) throw new Errno('EACCES');
    if (domid !== 0 && permissions[0]?.slice(1) !== String(domid)) throw new Errno('EPERM');
    this.#put(path, { ...node, permissions });
    this.changes.push({ path, isRemoval: false });
  }

  #create(path: string, domid: number, quota?: FakeQuota): FakeNode {
    const parentPath = parentOf(path);
    const parent = this.#look(parentPath) ?? this.#create(parentPath, domid, quota);
    if (!isAllowed(parent, domid, 'w')) throw new Errno('EACCES');
    const owned = [...this.nodes.values()].filter((node) => ownerOf(node) === domid).length;
    if (quota !== undefined && domid !== 0 && owned >= quota.nodes) throw new Errno(quota.errno);
    const [first = 'n0', ...others] = parent.permissions;
    const permissions = [domid === 0 ? first : `${first[0]}${domid}`, ...others];
    const name = path.slice(path.lastIndexOf('/') + 1);
    this.#put(parentPath, { ...parent, children: [...parent.children, name] });
    this.#put(path, { value: Buffer.alloc(0), permissions, children: [], generation: 0 });
    return this.#look(path)!;
  }

  #look(path: string): FakeNode | undefined {
    const node = this.nodes.get(path);
    if (!this.#seen.has(path)) this.#seen.set(path, node?.generation);
    return node;
  }

  #put(path: string, node: FakeNode): void {
    this.#look(path);
    this.nodes.set(path, { ...node, generation: FakeStore.#generation++ });
  }

  #remove(path: string): void {
    this.#look(path);
    this.nodes.delete(path);
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

function ownerOf(node: FakeNode): number {
  return Number(node.permissions[0]?.slice(1));
}

function isAllowed(node: FakeNode, domid: number, letter: 'r' | 'w'): boolean {
  if (domid === 0 || ownerOf(node) === domid) return true;
  const own = node.permissions.slice(1).find((entry) => Number(entry.slice(1)) === domid);
  const access = (own ?? node.permissions[0] ?? 'n0')[0];
  return access === 'b' || access === letter;
}
