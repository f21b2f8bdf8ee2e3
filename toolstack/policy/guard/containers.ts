// SPDX-License-Identifier: Apache-2.0
// Guards the engine's calls for containers.

import type { CopyEnd, Engine } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { withAllowed } from './create.js';
import type { Guard } from './guard.js';
import {
  containerId,
  containersAfter,
  factsOf,
  ownedBy,
  visible,
  whilePending,
} from './targets.js';

type Lifecycle = Pick<
  Engine,
  | 'run'
  | 'create'
  | 'start'
  | 'stop'
  | 'restart'
  | 'pause'
  | 'unpause'
  | 'rename'
  | 'update'
  | 'kill'
  | 'remove'
  | 'exec'
  | 'checkHealth'
  | 'clone'
  | 'checkpoint'
  | 'restore'
>;

/** Calls that change containers. */
export function guardLifecycle(guard: Guard, engine: Engine): Lifecycle {
  const find = (name: string): Promise<string> => containerId(guard, engine, name);
  const startable = (name: string): Promise<string> =>
    containerId(guard, engine, name, { starts: 1 });
  /** Changes a container by its id. The audit log has the name that the caller gave. */
  const change = async <T>(name: string, work: (id: string) => Promise<T>): Promise<T> => {
    const id = await find(name);
    return guard.change([name], () => work(id));
  };
  return {
    run: (options, client) =>
      withAllowed(guard, engine, options, 1, (own) => engine.run(own, client)),
    create: (options, client) =>
      withAllowed(guard, engine, options, 0, (own) => engine.create(own, client)),
    start: async (name, options, client) => {
      const id = await startable(name);
      return guard.change([name], () => engine.start(id, options, client));
    },
    stop: (name, timeoutS) => change(name, (id) => engine.stop(id, timeoutS)),
    restart: async (name, timeoutS, client) => {
      const id = await startable(name);
      return guard.change([name], () => engine.restart(id, timeoutS, client));
    },
    pause: (name) => change(name, (id) => engine.pause(id)),
    unpause: (name) => change(name, (id) => engine.unpause(id)),
    rename: (name, wanted) => change(name, (id) => engine.rename(id, wanted)),
    update: async (name, options) => {
      const { memoryBytes, cpus } = options;
      const id = await containerId(guard, engine, name, defined({ memoryBytes, cpus }));
      return guard.change([name], () => engine.update(id, options));
    },
    kill: (name, signal) => change(name, (id) => engine.kill(id, signal)),
    remove: (name, force, volumes) => change(name, (id) => engine.remove(id, force, volumes)),
    exec: (name, options, client) => change(name, (id) => engine.exec(id, options, client)),
    checkHealth: (name) => change(name, (id) => engine.checkHealth(id)),
    clone: async (name, options, client) => {
      const { count } = options;
      const id = await containerId(guard, engine, name, () => ({
        containers: containersAfter(guard, engine, count),
        starts: count,
      }));
      const own = ownedBy(guard, options);
      return whilePending(guard, count, () =>
        guard.change([name], () => engine.clone(id, own, client)),
      );
    },
    checkpoint: (name, options, client) => {
      guard.rootOnly([name]);
      return guard.change([name, options.path], () => engine.checkpoint(name, options, client));
    },
    restore: (options, client) => {
      guard.rootOnly([options.path]);
      return guard.change([options.path], () => engine.restore(options, client));
    },
  };
}

type Reading = Pick<
  Engine,
  | 'wait'
  | 'attach'
  | 'look'
  | 'list'
  | 'find'
  | 'logs'
  | 'inspect'
  | 'copy'
  | 'exportFiles'
  | 'changes'
  | 'commit'
  | 'stats'
  | 'processes'
  | 'events'
>;

/** Calls that read containers, and those for their files. */
export function guardReading(guard: Guard, engine: Engine): Reading {
  const find = (name: string): Promise<string> => containerId(guard, engine, name);
  return {
    wait: async (name, client) => {
      const id = await find(name);
      return guard.use(() => engine.wait(id, client));
    },
    attach: async (name, options, client) => {
      const id = await find(name);
      return guard.use(() => engine.attach(id, options, client));
    },
    look: () => engine.look(),
    list: (all) => visible(guard, engine.list(all)),
    find: async (name) => engine.find(await find(name)),
    logs: async (name, options, client) => {
      const id = await find(name);
      return guard.use(() => engine.logs(id, options, client));
    },
    inspect: async (name) => engine.inspect(await find(name)),
    copy: async (options, client) => {
      const end = async (one: CopyEnd): Promise<CopyEnd> => {
        if (one.kind === 'host')
          guard.noHostPath(one.path, 'copy a tar archive by - in place of the path');
        return one.kind === 'container' ? { ...one, container: await find(one.container) } : one;
      };
      const [from, to] = [await end(options.from), await end(options.to)];
      const what = [options.from, options.to].map(textOf);
      return guard.change(what, () => engine.copy({ ...options, from, to }, client));
    },
    exportFiles: async (name, output, client) => {
      if (output !== undefined) guard.noHostPath(output, 'use thaw export NAME >FILE');
      const id = await find(name);
      return guard.use(() => engine.exportFiles(id, output, client));
    },
    changes: async (name, client) => {
      const id = await find(name);
      return guard.use(() => engine.changes(id, client));
    },
    commit: (name, options, client) => {
      guard.rootOnly([name]);
      return guard.change([name, options.image ?? ''], () => engine.commit(name, options, client));
    },
    stats: async (names) => {
      if (guard.isFree) return engine.stats(names);
      const own =
        names.length > 0
          ? await Promise.all(names.map(find))
          : visible(guard, engine.list(false)).map(({ id }) => id);
      // An empty list asks for all containers.
      return own.length > 0 ? engine.stats(own) : [];
    },
    processes: async (name) => engine.processes(await find(name)),
    events: (filter, client) => {
      const tell: typeof filter.tell = (event) => {
        if (guard.isFree || guard.can(factsOf({ labels: {}, ...event }))) filter.tell(event);
      };
      return guard.use(() => engine.events({ ...filter, tell }, client));
    },
  };
}

function textOf(end: CopyEnd): string {
  if (end.kind === 'container') return `${end.container}:${end.path}`;
  return end.kind === 'host' ? end.path : '-';
}
