// SPDX-License-Identifier: Apache-2.0
// An environment in which nft is nftables' program: npx puts the programs of npm packages before all others, and one of these is called nft.

export const SYSTEM_PATH = { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
