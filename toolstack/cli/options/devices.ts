// SPDX-License-Identifier: Apache-2.0
// Reads --device: block devices of the host for a container.

import { posix } from 'node:path';
import type { CreateOptions, DeviceRequest } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { stringList, type Command, type Parsed } from '../command.js';
import { UsageError } from './usage-error.js';
import { nonEmpty } from './values.js';

export const DEVICE_OPTIONS: Command['options'] = {
  device: {
    type: 'string',
    describe: 'A block device as its disk: DEVICE[:PATH][:rwm]; may be repeated',
  },
};

/** Throws UsageError. */
export function deviceOptions(parsed: Parsed): Pick<CreateOptions, 'devices'> {
  const devices = stringList(parsed, 'device').map(device);
  const places = devices.map(({ destination }) => destination);
  const twice = places.find((place, index) => places.indexOf(place) !== index);
  if (twice !== undefined) throw new UsageError(`Cannot use --device twice for ${twice}`);
  return defined({ devices: nonEmpty(devices) });
}

function device(value: string): DeviceRequest {
  const [, source = '', path, access = 'rwm'] =
    /^(\/[^:]+)(?::(\/[^:]+))?(?::([rwm]{1,3}))?$/.exec(value) ?? [];
  const destination = posix.normalize(path ?? source);
  if (source === '' || new Set(access).size !== access.length || !access.includes('r'))
    throw new UsageError(
      `Cannot use --device ${value}: DEVICE[:PATH][:ACCESS] is wanted, both absolute paths, ACCESS r, rw or rwm`,
    );
  return { source, destination, access };
}
