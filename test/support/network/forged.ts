// SPDX-License-Identifier: Apache-2.0
// Frames that a guest may send, and frames with which it poses as another.

import { addressBytes } from '../../../toolstack/network/addresses/ip-address.js';
import { linkLocalOf } from '../../../toolstack/network/sources/source.js';

export interface Station {
  mac: string;
  ipv4: string;
  ipv6: string;
}

export interface Frame {
  name: string;
  bytes: Buffer;
  /** The frame as it arrives, where a host's kernel takes the tag from it. */
  untagged?: Buffer;
}

const ALL = 'ff:ff:ff:ff:ff:ff';
const ALL_NODES = '33:33:00:00:00:01';
const [IPV4, ARP, IPV6] = [0x0800, 0x0806, 0x86dd];
const [UDP, ICMPV6] = [17, 58];
const NA = 136;

const mac = (text: string): Buffer => Buffer.from(text.replaceAll(':', ''), 'hex');
const u16 = (...values: number[]): Buffer =>
  Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));

function ethernet(to: string, from: string, type: number, payload: Buffer): Buffer {
  return Buffer.concat([mac(to), mac(from), u16(type), payload]);
}

/** A frame for VLAN 0, which a host takes for one without a tag. */
function tagged(name: string, untagged: Buffer): Frame {
  const [addresses, rest] = [untagged.subarray(0, 12), untagged.subarray(12)];
  return { name, untagged, bytes: Buffer.concat([addresses, u16(0x8100, 0), rest]) };
}

function sum(bytes: Buffer): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2)
    total += (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
  return ~total & 0xffff;
}

/** A datagram, by default to all hosts of the network. */
function udp4(from: string, ports: [number, number], text: string, to = '255.255.255.255'): Buffer {
  const body = Buffer.concat([u16(...ports, 8 + text.length, 0), Buffer.from(text)]);
  const head = Buffer.concat([
    u16(0x4500, 20 + body.length, 1, 0, 0x4000 | UDP, 0),
    addressBytes(from),
    addressBytes(to),
  ]);
  head.writeUInt16BE(sum(head), 10);
  return Buffer.concat([head, body]);
}

function ipv6(from: string, to: string, next: number, body: Buffer): Buffer {
  return Buffer.concat([
    u16(0x6000, 0, body.length),
    Buffer.from([next, 255]),
    addressBytes(from),
    addressBytes(to),
    body,
  ]);
}

/** A neighbour's or router's message to all nodes, with a valid checksum. */
function icmp6(from: string, type: number, rest: Buffer, to = 'ff02::1'): Buffer {
  const body = Buffer.concat([Buffer.from([type, 0, 0, 0]), rest]);
  const pseudo = Buffer.concat([
    addressBytes(from),
    addressBytes(to),
    u16(0, body.length, 0, ICMPV6),
  ]);
  body.writeUInt16BE(sum(Buffer.concat([pseudo, body])), 2);
  return ipv6(from, to, ICMPV6, body);
}

function arp(operation: 1 | 2, sender: { mac: string; ip: string }, target: string): Buffer {
  return Buffer.concat([
    u16(1, IPV4, 0x0604, operation),
    mac(sender.mac),
    addressBytes(sender.ip),
    Buffer.alloc(6),
    addressBytes(target),
  ]);
}

/** An advertisement of an address with the sender's MAC (RFC 4861, 4.4). */
function advertisement(from: string, target: string, at: string): Buffer {
  const flags = Buffer.from([0x20, 0, 0, 0]);
  return icmp6(
    from,
    NA,
    Buffer.concat([flags, addressBytes(target), Buffer.from([2, 1]), mac(at)]),
  );
}

/** Frames of a well-behaved guest. */
export function honestFrames({ mac: own, ipv4, ipv6: six }: Station): Frame[] {
  const local = linkLocalOf(own).text;
  const asks = Buffer.concat([Buffer.alloc(4), addressBytes(six)]);
  return [
    { name: 'IPv4', bytes: ethernet(ALL, own, IPV4, udp4(ipv4, [9, 9], 'own')) },
    { name: 'ARP', bytes: ethernet(ALL, own, ARP, arp(1, { mac: own, ip: ipv4 }, ipv4)) },
    { name: 'probe', bytes: ethernet(ALL, own, ARP, arp(1, { mac: own, ip: '0.0.0.0' }, ipv4)) },
    { name: 'IPv6', bytes: ethernet(ALL_NODES, own, IPV6, icmp6(six, 128, Buffer.alloc(4))) },
    {
      name: 'link-local',
      bytes: ethernet(ALL_NODES, own, IPV6, icmp6(local, 128, Buffer.alloc(4))),
    },
    { name: 'neighbour', bytes: ethernet(ALL_NODES, own, IPV6, advertisement(six, six, own)) },
    { name: 'DAD', bytes: ethernet(ALL_NODES, own, IPV6, icmp6('::', 135, asks)) },
  ];
}

/** Frames in which the guest poses as `other`. */
export function foreignFrames({ mac: own, ipv4, ipv6: six }: Station, other: Station): Frame[] {
  const theirs = { mac: own, ip: other.ipv4 };
  return [
    { name: 'MAC', bytes: ethernet(ALL, other.mac, IPV4, udp4(ipv4, [9, 9], 'mac')) },
    { name: 'IPv4', bytes: ethernet(ALL, own, IPV4, udp4(other.ipv4, [9, 9], 'ip')) },
    { name: 'MAC and IPv4', bytes: ethernet(ALL, other.mac, IPV4, udp4(other.ipv4, [9, 9], 'x')) },
    { name: 'ARP', bytes: ethernet(ALL, own, ARP, arp(2, theirs, other.ipv4)) },
    {
      name: 'ARP with their MAC',
      bytes: ethernet(ALL, own, ARP, arp(2, { mac: other.mac, ip: ipv4 }, ipv4)),
    },
    {
      name: 'IPv6',
      bytes: ethernet(ALL_NODES, own, IPV6, icmp6(other.ipv6, 128, Buffer.alloc(4))),
    },
    {
      name: 'neighbour',
      bytes: ethernet(ALL_NODES, own, IPV6, advertisement(six, other.ipv6, own)),
    },
    {
      name: 'their link-local',
      bytes: ethernet(
        ALL_NODES,
        own,
        IPV6,
        icmp6(linkLocalOf(other.mac).text, 128, Buffer.alloc(4)),
      ),
    },
    {
      name: 'nobody by IPv6',
      bytes: ethernet(ALL_NODES, own, IPV6, icmp6('::', 128, Buffer.alloc(4))),
    },
    tagged(
      'neighbour behind a tag',
      ethernet(ALL_NODES, own, IPV6, advertisement(linkLocalOf(own).text, other.ipv6, own)),
    ),
    { name: 'another protocol', bytes: ethernet(ALL, own, 0x88b5, Buffer.alloc(46)) },
  ];
}

/** Frames with which no guest may configure others. */
export function rulingFrames({ mac: own, ipv4 }: Station): Frame[] {
  const local = linkLocalOf(own).text;
  return [
    { name: 'router', bytes: ethernet(ALL_NODES, own, IPV6, icmp6(local, 134, Buffer.alloc(12))) },
    {
      name: 'redirect',
      bytes: ethernet(ALL_NODES, own, IPV6, icmp6(local, 137, Buffer.alloc(36))),
    },
    tagged(
      'router behind a tag',
      ethernet(ALL_NODES, own, IPV6, icmp6(local, 134, Buffer.alloc(16))),
    ),
    { name: 'DHCP', bytes: ethernet(ALL, own, IPV4, udp4(ipv4, [67, 68], 'offer')) },
  ];
}

/** A datagram to dom0's port in a frame for the bridge itself (IEEE 802.1D, 7.12.6), which goes past the rules for bridges. */
export function frameForBridge({ mac: own, ipv4 }: Station, gateway: string, port: number): Frame {
  const bytes = ethernet('01:80:c2:00:00:0e', own, IPV4, udp4(ipv4, [9, port], 'past', gateway));
  return { name: 'past the bridge', bytes };
}

/** Perl: sends the frames in its arguments, in hex, by eth0. */
export const SEND = `
open(F, "/sys/class/net/eth0/ifindex"); chomp(my $index = <F>);
socket(S, 17, 3, 0) or die "socket: $!"; my $to = pack("SnISCCa8", 17, 3, $index, 0, 0, 6, "");
for (@ARGV) { my $frame = pack("H*", $_); send(S, $frame . "\\0" x (60 - length $frame), 0, $to) or die "send: $!"; }
print "sent";
`;

/** Perl: sends as many frames as its argument says, each from another MAC. */
export const FLOOD = `
open(F, "/sys/class/net/eth0/ifindex"); chomp(my $index = <F>);
socket(S, 17, 3, 0) or die "socket: $!"; my $to = pack("SnISCCa8", 17, 3, $index, 0, 0, 6, "");
for my $n (1 .. shift) { send(S, "\\xff" x 6 . pack("nN", 0x0200, $n) . pack("n", 0x88b5) . "\\0" x 46, 0, $to); }
print "sent";
`;

/** Perl: writes \`ready\`, then each frame that eth0 receives, in hex, a line each. */
export const WATCH = `
socket(S, 17, 3, 0x0300) or die "socket: $!"; $| = 1; print "ready\\n";
while (recv(S, my $frame, 2048, 0)) { print unpack("H*", $frame), "\\n"; }
`;

/** True if the frame, perhaps padded, is among WATCH's lines. */
export const isAmong = ({ bytes, untagged = bytes }: Frame, seen: string): boolean =>
  [bytes, untagged].some((one) => seen.includes(one.toString('hex')));
