// SPDX-License-Identifier: Apache-2.0
// Computes the size of a domain for several containers.
import test from 'ava';
import { domainLimits } from '../../../../../toolstack/frontends/oci/pod/domain-size.js';

const MIB = 2 ** 20;
const CRI = 'io.kubernetes.cri';
const SANDBOX = { [`${CRI}.container-type`]: 'sandbox' };

test('one container alone has what its resources say', (t) => {
  const resources = { memory: { limit: 64 * MIB } };
  t.deepEqual(domainLimits({ annotations: {}, resources }), { memoryBytes: 64 * MIB });
  t.deepEqual(domainLimits({ annotations: {}, resources: {} }), {});
});

test('a pod has what its annotations say, and what a guest takes beside', (t) => {
  const annotations = {
    ...SANDBOX,
    [`${CRI}.sandbox-memory`]: String(300 * MIB),
    [`${CRI}.sandbox-cpu-quota`]: '150000',
    [`${CRI}.sandbox-cpu-period`]: '100000',
  };
  t.deepEqual(domainLimits({ annotations, resources: {} }), { memoryBytes: 364 * MIB, cpus: 2 });
});

test('a pod of which nobody says anything, or nonsense, has half a gigabyte', (t) => {
  for (const value of ['0', '-1', 'x', '']) {
    const annotations = { ...SANDBOX, [`${CRI}.sandbox-memory`]: value };
    t.deepEqual(domainLimits({ annotations, resources: {} }), { memoryBytes: 512 * MIB }, value);
  }
});
