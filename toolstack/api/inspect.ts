// SPDX-License-Identifier: Apache-2.0
// The output of `thaw inspect`: podman's names where the meaning is the same, and the domain.

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
    /** True where the guest's kernel killed a process for want of memory. */
    OOMKilled: boolean;
    Paused: boolean;
    /** The reason why thaw itself paused the container; only of such a container. */
    PausedBy?: string;
    ExitCode: number;
    /** The reason why the container is lost. */
    Error: string;
    StartedAt: string;
    FinishedAt: string;
    /** Only of a container that has a health check. */
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
    /** Address in the container's network; '' while the container does not run. */
    IPAddress: string;
    GlobalIPv6Address: string;
    Gateway: string;
    /** Keys have the form `80/tcp`. */
    Ports: Record<string, { HostIp: string; HostPort: string }[]>;
    Networks: Record<string, object>;
  };
  Mounts: object[];
  LogPath: string;
}
