// SPDX-License-Identifier: Apache-2.0
// Manages all pods of this host, and takes them over from an earlier thawd.

import type { PodCreateOptions } from '../../api/engine.js';
import { newPodId } from '../../base/ids.js';
import { adoptAttachment } from '../../sandbox/devices/network-request.js';
import type { ShimEvents } from '../../sandbox/shim/client.js';
import { adoptShared, releaseDomain } from '../recover/reattach.js';
import type { SharedDomain } from '../shared-domain/domain.js';
import { reenterDomain } from '../shared-domain/enter.js';
import type { Member, MemberSlot } from '../shared-domain/member.js';
import { Slots } from '../shared-domain/slots.js';
import { PodError } from './errors.js';
import { Pod, type PodServices } from './pod.js';
import type { PodRecord } from './record.js';

export class Pods {
  readonly #services: PodServices;
  readonly #pods = new Map<string, Pod>();

  constructor(services: PodServices) {
    this.#services = services;
  }

  /** Makes a pod that has no domain yet. The caller has reserved the name. */
  async create(name: string, options: PodCreateOptions): Promise<Pod> {
    const record: PodRecord = {
      id: newPodId(),
      name,
      options,
      hostname: options.hostname ?? name,
      created: Date.now(),
      state: 'created',
    };
    await this.#services.store.save(record);
    const pod = new Pod(this.#services, record);
    this.#pods.set(record.id, pod);
    return pod;
  }

  /** Returns the pods, the newest first. */
  list(): Pod[] {
    return [...this.#pods.values()].sort((a, b) => b.record.created - a.record.created);
  }

  hasName(name: string): boolean {
    return this.list().some(({ record }) => record.name === name);
  }

  /** Finds a pod by its name, its id or an unambiguous beginning of the id. Throws ERR_POD_NOT_FOUND. */
  find(key: string): Pod {
    const all = this.list();
    const exact = all.find(({ record }) => record.name === key || record.id === key);
    if (exact) return exact;
    const [first, second] = /^[0-9a-f]+$/.test(key)
      ? all.filter(({ record }) => record.id.startsWith(key))
      : [];
    if (first && !second) return first;
    throw new PodError(
      'ERR_POD_NOT_FOUND',
      second
        ? `Cannot tell which pod "${key}" is: several ids begin with it`
        : `No pod is called "${key}": see thaw pod ps`,
    );
  }

  /** Ends the domain, then removes the record. */
  async remove({ record }: Pod): Promise<void> {
    const pod = this.#pods.get(record.id);
    await pod?.go();
    this.#pods.delete(record.id);
    await this.#services.store.remove(record.id);
  }

  /** Returns the pod's present domain. */
  domainOf(id: string): SharedDomain | undefined {
    return this.#pods.get(id)?.domain;
  }

  /** The sandboxes of the pods' domains, which are no orphans. */
  get sandboxes(): { id: string; uuid: string }[] {
    return this.list().flatMap(({ domain }) => (domain ? [domain.sandbox.record] : []));
  }

  /** Takes over the pods of an earlier thawd, before their containers. Undoes an interrupted start. */
  async recover(): Promise<void> {
    const { store, log } = this.#services;
    for (const record of await store.loadAll(log)) {
      const pod = new Pod(this.#services, record);
      this.#pods.set(record.id, pod);
      await this.#recoverOne(pod).catch((error: unknown) =>
        log.error(`Cannot recover pod ${record.name}`, { error }),
      );
    }
  }

  /** Returns a container of an earlier thawd to its pod's domain; undefined if the domain has ended. Rejects with ERR_XEN_LOOP. */
  async rejoin(
    key: string,
    { name, place, events }: { name: string; place: MemberSlot; events: ShimEvents },
  ): Promise<Member | undefined> {
    const pod = this.#pods.get(key);
    const domain = pod?.domain;
    if (!pod || !domain) return undefined;
    const onLeft = (): void => pod.left(domain);
    return reenterDomain(this.#services.sandbox, domain, { name, place, events, onLeft });
  }

  /** Removes shares and disks that no container has. The caller has taken over all containers. */
  async settle(): Promise<void> {
    for (const { domain, record } of this.list()) await domain?.sweep(`pod ${record.name}`);
  }

  async #recoverOne(pod: Pod): Promise<void> {
    const { sandbox: services, log } = this.#services;
    const { record } = pod;
    const { sandbox: own, state } = record;
    if (!own || state === 'created' || state === 'exited') return;
    const isUp = state === 'running' || state === 'paused';
    const slots = new Slots<ShimEvents>();
    const domain = await adoptShared(services, own, slots, pod.route(slots));
    const status = await domain?.passSlots();
    if (isUp && domain && status?.state === 'up' && (await domain.sandbox.isAlive())) {
      services.macs.add(own.mac);
      await adoptAttachment(services, own);
      pod.adopt(domain);
      await domain.sandbox.catchUp();
      log.info(`Found pod ${record.name} ${state}`, { domid: domain.sandbox.domid });
      return;
    }
    await domain?.end();
    await releaseDomain(services, own);
    const reason = isUp ? (status?.reason ?? 'its domain ended while no thawd ran') : undefined;
    const before = record.started === undefined ? 'created' : 'exited';
    await pod.update({ state: before, reason });
  }
}
