// SPDX-License-Identifier: Apache-2.0
// What can be asked of a container's files.

/** A side of a copy: a container's path, a path of the host as the client wrote it, or a tar archive on the client's standard streams. */
export type CopyEnd =
  | { kind: 'container'; container: string; path: string }
  | { kind: 'host'; path: string }
  | { kind: 'stream' };

export interface CopyOptions {
  from: CopyEnd;
  to: CopyEnd;
  /** Owners in a container are those of the source; else all becomes the container's user's. */
  keepsOwners: boolean;
  /** A folder may be replaced by what is none, and the other way round. */
  overwrites: boolean;
}

export interface CommitOptions {
  /** What the image is called; undefined for nothing. */
  image?: string;
  /** The container's processes stand still while its files are read. */
  pauses: boolean;
  author?: string;
  message?: string;
  /** Changes the image's process, as the OCI image specification has it. */
  change: (process: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

export interface Change {
  kind: 'added' | 'changed' | 'deleted';
  path: string;
}
