// SPDX-License-Identifier: Apache-2.0
// Errors of volumes, as their users see them.

import { ThawError } from '../base/errors.js';

export class VolumeError extends ThawError {}
