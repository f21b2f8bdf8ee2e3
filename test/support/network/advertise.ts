// SPDX-License-Identifier: Apache-2.0
// Perl programs for guests with NET_RAW: one sends router advertisements (RFC 4861), one notes those that arrive.

/** Sends an advertisement by eth0, for fd66::/64 and a default route that lasts half an hour. */
export const ADVERTISE = `
use Socket; socket(S, 10, SOCK_RAW, 58) or die $!; setsockopt(S, 41, 18, pack("i", 255)) or die $!;
open(F, "/sys/class/net/eth0/ifindex"); my $index = <F>;
my $ra = pack("CCnCCnNN", 134, 0, 0, 64, 0, 1800, 0, 0) . pack("CCCCNNN", 3, 4, 64, 0xc0, 1800, 1800, 0) . pack("n8", 0xfd66, (0) x 7);
send(S, $ra, 0, pack("SnN", 10, 0, 0) . pack("n8", 0xff02, (0) x 6, 1) . pack("L", $index)) or die $!; print "sent";
`;

/** Writes `ready`, and `router` for each advertisement that arrives. */
export const LISTEN = `
use Socket; socket(S, 10, SOCK_RAW, 58) or die $!; $| = 1; print "ready\\n";
while (recv(S, my $message, 2048, 0)) { print "router\\n" if unpack("C", $message) == 134; }
`;
