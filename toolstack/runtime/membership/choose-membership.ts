// SPDX-License-Identifier: Apache-2.0
// Chooses by its record which sandbox an administrator's container is a member of. Everything else asks the membership.

import type { ContainerRecord } from '../store/record.js';
import type { Membership, MemberServices } from './membership.js';
import { OwnDomain } from './own-domain.js';
import { PodMember } from './pod-member.js';

export function membershipOf(services: MemberServices, record: ContainerRecord): Membership {
  const { pod } = record;
  return pod ? new PodMember(services, record, pod) : new OwnDomain(services.sandbox, record);
}
