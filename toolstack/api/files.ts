// SPDX-License-Identifier: Apache-2.0
// Requests about a container's files.

/** One end of a copy: a container's path, a path of the host as the client wrote it, or a tar archive on the client's standard streams. */
export type CopyEnd =
  | { kind: 'container'; container: string; path: string }
  | { kind: 'host'; path: string }
  | { kind: 'stream' };

export interface CopyOptions {
  from: CopyEnd;
  to: CopyEnd;
  /** Keeps the source's owners; else the container's user owns all copied files. */
  keepsOwners: boolean;
  /** A directory may replace a file, and a file a directory. */
  overwrites: boolean;
}

export interface CommitOptions {
  /** Name of the image; undefined for an image without a name. */
  image?: string;
  /** Freezes the container's processes while thawd reads its files. */
  pauses: boolean;
  author?: string;
  message?: string;
  /** Returns a changed `config` object of the OCI image specification. */
  change: (process: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

export interface Change {
  kind: 'added' | 'changed' | 'deleted';
  path: string;
}
