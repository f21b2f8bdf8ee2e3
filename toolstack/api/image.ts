// SPDX-License-Identifier: Apache-2.0
// What can be asked of images, and what is told of them.

export interface ImageSummary {
  id: string;
  names: string[];
  size: number;
  created: string;
  layers: number;
}

export interface PullOptions {
  tlsVerify: boolean;
}
