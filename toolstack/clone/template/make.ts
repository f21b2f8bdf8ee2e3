// SPDX-License-Identifier: Apache-2.0
// Makes a template: boots, prepares, freezes and stores it.

import { defined } from '../../base/defined.js';
import { bootAndFreeze, type Prepare } from './boot.js';
import type { GuestFiles, Shape } from './shape.js';
import { saveTemplate, type Template } from './template.js';
import type { XenHost } from '../../xen/host.js';

export interface MakeRequest {
  key: string;
  shape: Shape;
  /** The template's folder. */
  folder: string;
  /** Deadline for the hello of a booting guest. */
  helloMs: number;
  prepare?: Prepare;
}

/** Boots, freezes and stores a template. One that cannot be stored still serves this thawd. */
export async function makeTemplate(
  host: XenHost,
  guest: GuestFiles,
  { key, shape, folder, helloMs, prepare }: MakeRequest,
): Promise<Template> {
  const started = performance.now();
  const name = `thaw-template-${key.slice(0, 8)}`;
  const { fd, stream, memTotalKib, kept } = await bootAndFreeze(
    host,
    guest,
    shape,
    name,
    helloMs,
    prepare,
  );
  const { dataPages, bytes } = stream;
  const template: Template = {
    key,
    shape,
    fd,
    bytes,
    dataPages,
    memTotalKib,
    ...defined({ kept }),
  };
  const ms = Math.round(performance.now() - started);
  host.log.info('Froze a template', { key, ...shape, dataPages, bytes, ms });
  await saveTemplate(folder, template).catch((error: unknown) =>
    host.log.warn(`Cannot store template ${key}`, { error }),
  );
  return template;
}
