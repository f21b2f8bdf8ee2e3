// SPDX-License-Identifier: Apache-2.0
// What can go wrong with a pod as its user sees it.

import { ThawError } from '../../base/errors.js';

export class PodError extends ThawError {}
