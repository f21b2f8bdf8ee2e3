// SPDX-License-Identifier: Apache-2.0
// Fetches pages of web servers.

import { get } from 'node:http';
import { until } from '../dom0/thaw.js';

/** Returns the body of the answer. */
export function fetched(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: 5000 }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve(body.trim()));
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

/** Does the same as fetched(), once the server answers. */
export const reached = (url: string) =>
  until(`${url} answers`, () => fetched(url).catch(() => undefined));
