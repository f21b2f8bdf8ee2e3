// SPDX-License-Identifier: Apache-2.0
// Defines the errors of pods that a user sees.

import { ThawError } from '../../base/errors.js';

export class PodError extends ThawError {}
