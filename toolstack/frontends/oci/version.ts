// SPDX-License-Identifier: Apache-2.0
// Which runtime specification this is.

export const SPEC_VERSION = '1.2.0';
