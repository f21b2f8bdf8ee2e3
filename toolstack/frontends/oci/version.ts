// SPDX-License-Identifier: Apache-2.0
// The version of the OCI runtime specification that thaw implements.

export const SPEC_VERSION = '1.2.0';
