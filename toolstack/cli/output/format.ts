// SPDX-License-Identifier: Apache-2.0
// Formats items for --format as in podman and docker, but without functions: text with {{.Field}}, {{.Field.Of.It}} and {{json .Field}} for each
// item, or `table` in front of it for columns with heads.

import { formatTable } from './table.js';
import { UsageError } from '../options/usage-error.js';

type Part = string | { path: string[]; isJson: boolean };

/** Returns a line for each item. Throws UsageError for a wrong template, and for a field that the item does not have. */
export function renderEach(format: string, items: readonly object[]): string {
  const [, head, template = ''] = /^(table\s+)?(.*)$/s.exec(unescape(format)) ?? [];
  const parts = parse(template);
  if (head === undefined) return items.map((item) => `${render(parts, item)}\n`).join('');
  const rows = items.map((item) => render(parts, item).split('\t'));
  const titles = parts.map((part) => (typeof part === 'string' ? part : title(part.path)));
  return formatTable(titles.join('').split('\t'), rows);
}

/** Replaces \t and \n, which a shell's quotes leave as two characters. */
function unescape(text: string): string {
  return text.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

function parse(template: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of template.matchAll(/\{\{(.*?)\}\}/gs)) {
    parts.push(template.slice(at, match.index));
    at = match.index + match[0].length;
    const [, json, path] = /^-?\s*(json\s+)?(\.[\w.]*)\s*-?$/.exec((match[1] ?? '').trim()) ?? [];
    if (path === undefined)
      throw new UsageError(
        `Cannot use --format with ${match[0]}: {{.Field}}, {{.Field.Of.It}} and {{json .Field}} are allowed`,
      );
    const names = path.split('.').filter((name) => name !== '');
    parts.push({ path: names, isJson: json !== undefined });
  }
  parts.push(template.slice(at));
  return parts;
}

function render(parts: Part[], item: object): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      const value = part.path.reduce<unknown>((of, name) => field(of, name, part.path), item);
      return part.isJson ? JSON.stringify(value) : text(value);
    })
    .join('');
}

function field(of: unknown, name: string, path: string[]): unknown {
  if (typeof of === 'object' && of !== null && Object.hasOwn(of, name))
    return (of as Record<string, unknown>)[name];
  const has = typeof of === 'object' && of !== null ? Object.keys(of).join(', ') : 'none';
  throw new UsageError(
    `Cannot use --format with {{.${path.join('.')}}}: there is no ${name}; fields are ${has}`,
  );
}

function text(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(text).join(' ')}]`;
  if (typeof value === 'object' && value !== null)
    return `map[${Object.entries(value)
      .map(([key, of]) => `${key}:${text(of)}`)
      .join(' ')}]`;
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

/** Capitalises all keys as templates do, also those of inner objects: `memoryBytes` becomes `MemoryBytes`. */
export function fieldNames(value: object): object {
  const name = (of: unknown): unknown => {
    if (Array.isArray(of)) return of.map(name);
    return typeof of === 'object' && of !== null ? fieldNames(of) : of;
  };
  return Object.fromEntries(
    Object.entries(value).map(([key, of]) => [
      key.charAt(0).toUpperCase() + key.slice(1),
      name(of),
    ]),
  );
}

function title(path: string[]): string {
  return (path.at(-1) ?? '').replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toUpperCase();
}
