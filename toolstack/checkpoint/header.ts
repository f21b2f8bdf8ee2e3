// SPDX-License-Identifier: Apache-2.0
// Parses a checkpoint's header, which describes its container and domain. The file is untrusted, so every field is checked before its use.

import type { HostTraits } from '../clone/template/host-traits.js';
import type { Shape } from '../clone/template/shape.js';
import {
  containerOf,
  ociOf,
  VCPUS_MAX,
  type SavedContainer,
  type SavedOci,
} from './header-container.js';
import { DIGEST, HEX, list, object, text, whole, wrong, type Untrusted } from './untrusted.js';

export interface CheckpointHeader {
  /** The version of thaw that wrote it. */
  thaw: string;
  /** Milliseconds since 1970. */
  created: number;
  /** The traits of the host that wrote the checkpoint. */
  host: HostTraits;
  /** A header has either `container` or `oci`. */
  container?: SavedContainer;
  oci?: SavedOci;
  domain: SavedDomain;
  /** The image's layers, lowest first. */
  layers: SavedLayer[];
  /** `bytes` is the length of the save stream, `dataPages` the number of pages that are not zero. */
  memory: { bytes: number; dataPages: number };
  /** The writable layer, unless it is part of the memory: its size, and an upper limit of its data. */
  disk?: { bytes: number; dataBytes: number };
}

export interface SavedDomain {
  shape: Shape;
  /** Online vCPUs; shape.vcpus is the maximum. */
  vcpus: number;
  /** The maximum to which memory may grow. */
  memoryKib: number;
  memTotalKib: number;
  /** True when the layers are in the domain's memory; false when they are its disks. */
  inMemory: boolean;
}

export interface SavedLayer {
  /** Digest of the unpacked tar, as in the image's config. */
  diffId: string;
  /** The EROFS that the guest has mounted; present for a layer on a disk. */
  erofs?: { bytes: number; sha256: string } | undefined;
}

/** Throws an Error that names the wrong field. The result holds only checked values. */
export function parseHeader(untrustedText: string): CheckpointHeader {
  const all = object(JSON.parse(untrustedText), 'header');
  const disk = all['disk'] === undefined ? undefined : object(all['disk'], 'disk');
  const memory = object(all['memory'], 'memory');
  const domain = domainOf(object(all['domain'], 'domain'));
  const header: CheckpointHeader = {
    thaw: text(all['thaw'], 'thaw', /^[\x21-\x7e]{1,64}$/),
    created: whole(all['created'], 'created', 0, 8.64e15),
    host: traitsOf(object(all['host'], 'host')),
    ...(all['oci'] === undefined
      ? { container: containerOf(object(all['container'], 'container')) }
      : { oci: ociOf(object(all['oci'], 'oci')) }),
    domain,
    layers: list(all['layers'], 'layers', LAYERS_MAX).map((layer) =>
      layerOf(object(layer, 'layers')),
    ),
    memory: {
      bytes: whole(memory['bytes'], 'memory.bytes', 1, streamBytesMax(domain.shape)),
      dataPages: whole(memory['dataPages'], 'memory.dataPages', 0, domain.shape.memoryKib / 4),
    },
    ...(disk
      ? {
          disk: {
            bytes: whole(disk['bytes'], 'disk.bytes', 2 ** 20, DISK_BYTES_MAX),
            dataBytes: whole(disk['dataBytes'], 'disk.dataBytes', 0, DISK_BYTES_MAX),
          },
        }
      : {}),
  };
  if (header.disk && header.disk.dataBytes > header.disk.bytes) throw wrong('disk.dataBytes');
  if (!domain.inMemory && header.layers.some(({ erofs }) => !erofs)) throw wrong('layers');
  return header;
}

const LAYERS_MAX = 500;
const MEMORY_KIB_MAX = 2 ** 34;
const DISK_BYTES_MAX = 16 * 2 ** 40;
/** The most bytes of a save stream: the pages, eight bytes for each page, and the domain's other records. */
const streamBytesMax = ({ memoryKib }: Shape): number => memoryKib * 1024 * 1.01 + 2 ** 25;

function domainOf(all: Untrusted): SavedDomain {
  const shape = object(all['shape'], 'shape');
  const memoryKib = whole(all['memoryKib'], 'memoryKib', 4096, MEMORY_KIB_MAX);
  const most = whole(shape['vcpus'], 'shape.vcpus', 1, VCPUS_MAX);
  const type = shape['type'];
  const inMemory = all['inMemory'];
  if (type !== 'pv' && type !== 'pvh') throw wrong('shape.type');
  if (typeof inMemory !== 'boolean') throw wrong('inMemory');
  return {
    shape: {
      type,
      vcpus: most,
      memoryKib: whole(shape['memoryKib'], 'shape.memoryKib', 4096, memoryKib),
    },
    vcpus: whole(all['vcpus'], 'vcpus', 1, most),
    memTotalKib: whole(all['memTotalKib'], 'memTotalKib', 1, MEMORY_KIB_MAX),
    memoryKib,
    inMemory,
  };
}

function layerOf(all: Untrusted): SavedLayer {
  const erofs = all['erofs'] === undefined ? undefined : object(all['erofs'], 'erofs');
  return {
    diffId: text(all['diffId'], 'diffId', DIGEST),
    ...(erofs
      ? {
          erofs: {
            bytes: whole(erofs['bytes'], 'erofs.bytes', 1, DISK_BYTES_MAX),
            sha256: text(erofs['sha256'], 'erofs.sha256', HEX),
          },
        }
      : {}),
  };
}

function traitsOf(all: Untrusted): HostTraits {
  return {
    guest: text(all['guest'], 'guest', HEX),
    xen: text(all['xen'], 'xen', LINE),
    abi: text(all['abi'], 'abi', LINE),
    cpu: text(all['cpu'], 'cpu', LINE),
    cpuFlags: list(all['cpuFlags'], 'cpuFlags', 4096).map((flag) =>
      text(flag, 'cpuFlags', /^[a-z0-9_.]{1,64}$/),
    ),
  };
}

const LINE = /^[\x20-\x7e]{0,1024}$/;
