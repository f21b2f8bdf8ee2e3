// SPDX-License-Identifier: Apache-2.0
// The parts of the guard that the daemon uses.

export { gated } from './admit.js';
export { guardEngine } from './engine.js';
export { CheckEnd, Guard, type GuardServices } from './guard.js';
