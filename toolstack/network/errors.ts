// SPDX-License-Identifier: Apache-2.0
// Errors of networks, as their users see them.

import { ThawError } from '../base/errors.js';

export class NetworkError extends ThawError {}
