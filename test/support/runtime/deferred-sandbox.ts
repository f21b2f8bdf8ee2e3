// SPDX-License-Identifier: Apache-2.0
// A sandbox's record, and an xenstore that knows its domain, for tests of the domain's deferred records.

import type { ExecutionContext } from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import type { SandboxServices } from '../../../toolstack/sandbox/services.js';
import { containerRecord } from './container-record.js';
import { FakeLibxl, fakeXenHost } from '../xen/fake-xen-host.js';
import { joinFake } from '../xenstore/xenstore.js';

export const DOMID = asDomid(7);
export const BASE = '/local/domain/7';

export async function lateSandbox(t: ExecutionContext) {
  const { client, fake } = await joinFake(t);
  const { sandbox: record } = containerRecord();
  await client.write(`${BASE}/vm`, `/vm/${record.uuid}`);
  const services = { host: fakeXenHost(new FakeLibxl(), client) } as unknown as SandboxServices;
  return { client, fake, record, services };
}
