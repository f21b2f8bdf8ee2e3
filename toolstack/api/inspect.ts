// SPDX-License-Identifier: Apache-2.0
// What `thaw inspect` tells of a container: podman's names where it means the same, and the domain.

import type { DomainType } from './container.js';

export interface Inspected {
  Id: string;
  Name: string;
  /** RFC 3339. */
  Created: string;
  Path: string;
  Args: string[];
  State: {
    Status: string;
    Running: boolean;
    /** Its guest's kernel killed some of its processes for want of memory. */
    OOMKilled: boolean;
    Paused: boolean;
    ExitCode: number;
    /** Why it was lost. */
    Error: string;
    StartedAt: string;
    FinishedAt: string;
    /** Of one that has a check. */
    Health?: {
      Status: string;
      FailingStreak: number;
      Log: { Start: string; End: string; ExitCode: number }[];
    };
  };
  Image: string;
  ImageName: string;
  RestartCount: number;
  Domain: {
    /** Null while there is none. */
    Id: number | null;
    Uuid: string;
    Type: DomainType;
    Vcpus: number;
    /** Bytes. */
    Memory: number;
  };
  Config: {
    Hostname: string;
    User: string;
    Env: string[];
    Cmd: string[];
    WorkingDir: string;
    Labels: Record<string, string>;
    Tty: boolean;
    OpenStdin: boolean;
    StopSignal: string;
    StopTimeout: number;
    Healthcheck?: {
      Test: string[];
      Interval: number;
      Timeout: number;
      Retries: number;
      StartPeriod: number;
    };
  };
  HostConfig: {
    AutoRemove: boolean;
    RestartPolicy: { Name: string; MaximumRetryCount: number };
    Memory: number;
    NanoCpus: number;
    PidsLimit: number;
    ReadonlyRootfs: boolean;
    CapAdd: string[];
    CapDrop: string[];
    Ulimits: { Name: string; Soft: number; Hard: number }[];
    Tmpfs: Record<string, string>;
    ExtraHosts: string[];
    Dns: string[];
  };
  NetworkSettings: {
    MacAddress: string;
    /** Of the one network that it is in; '' while it does not run. */
    IPAddress: string;
    GlobalIPv6Address: string;
    Gateway: string;
    /** By `80/tcp`. */
    Ports: Record<string, { HostIp: string; HostPort: string }[]>;
    Networks: Record<string, object>;
  };
  Mounts: object[];
  LogPath: string;
}
