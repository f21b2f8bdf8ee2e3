// SPDX-License-Identifier: Apache-2.0
// events: prints a container's stats, once or at an interval.

import type { Client } from '../../../api/client.js';
import { sleep } from '../../../base/deadline.js';
import { hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import type { OciContainer } from '../container/container.js';
import { OciError } from '../errors.js';
import { statsEvent } from './stats.js';

/** Prints once with --stats, else until the container ends or the client disconnects. Rejects as statsEvent() does. */
export async function printEvents(
  container: OciContainer,
  { stats, interval = '5s' }: Record<string, string>,
  client: Client,
): Promise<void> {
  const ms = durationMs(interval);
  const over = new AbortController();
  void container.finished.then(() => over.abort());
  // The container's end cuts the interval short.
  const either = AbortSignal.any([client.signal, over.signal]);
  for (;;) {
    client.out(`${JSON.stringify(await statsEvent(container))}\n`);
    if (stats !== undefined) return;
    await sleep(ms, either).catch(() => undefined);
    if (client.signal.aborted) return;
    if (!hasEnded(container.record)) continue;
    if (container.record.exit?.oomKilled) client.out(`${JSON.stringify(oomEvent(container))}\n`);
    return;
  }
}

/** Returns runc's event. thaw sends it once, at the container's end. */
const oomEvent = ({ record: { id } }: OciContainer): object => ({ type: 'oom', id });

/** Returns the milliseconds of a duration in Go's form. Throws ERR_USAGE. */
export function durationMs(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(number) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? 0);
  if (ms >= 1) return ms;
  throw new OciError('ERR_USAGE', `invalid interval "${text}": such as 5s is wanted`);
}
