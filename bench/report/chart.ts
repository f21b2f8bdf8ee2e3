// SPDX-License-Identifier: Apache-2.0
// Draws the two pictures for the README: the time of a start beside its peers, and the cost of a clone beside other domains. Plain SVG, readable on
// light and dark pages.

import type { Result } from './results.js';

const WIDTH = 760;
const TEXT = 'font-family="sans-serif" font-size="13" fill="#7a7f87"';
const OURS = '#2f7ed8';
const PEER = '#a9b4c2';

/** The bars, top to bottom; `isOurs` marks thaw's own. */
const BARS: [name: string, isOurs: boolean, label: string][] = [
  ['clone.cold', true, 'thaw: clone to hello'],
  ['run.frozen', true, 'thaw run --frozen, from the pool'],
  ['exec.warm', true, 'thaw exec, in a running container'],
  ['crun.run', false, 'crun run'],
  ['run.warm', true, 'thaw run, from the pool'],
  ['run.cold', true, 'thaw run, everything made for it'],
  ['podman.run', false, 'podman run (crun, no network)'],
  ['xl.restore', false, 'xl restore to hello'],
  ['boot.template', true, 'thaw: boot of a template'],
  ['xl.create', false, 'xl create to hello'],
];

/** Draws bars of the medians in ms, of PVH domains and of the host. Undefined when there is nothing to show. */
export function comparisonChart(results: readonly Result[]): string | undefined {
  const bars = BARS.flatMap(([name, isOurs, label]) => {
    const found = results.find(
      (result) => result.name === name && result.type !== 'pv' && result.unit === 'ms',
    );
    return found === undefined ? [] : [{ label, isOurs, ms: found.median }];
  });
  const longest = Math.max(...bars.map(({ ms }) => ms));
  if (!(longest > 0)) return undefined;
  const left = 250;
  const scale = (WIDTH - left - 90) / longest;
  const rows = bars.map(({ label, isOurs, ms }, i) => {
    const y = 34 + i * 28;
    const length = Math.max(1, ms * scale);
    return [
      `<text x="${left - 10}" y="${y + 14}" text-anchor="end" ${TEXT}>${label}</text>`,
      `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="18" rx="2" fill="${isOurs ? OURS : PEER}"/>`,
      `<text x="${(left + length + 8).toFixed(1)}" y="${y + 14}" ${TEXT}>${format(ms)}</text>`,
    ].join('\n');
  });
  const title = 'milliseconds on the instruction clock (1 instruction = 1 ns), medians, PVH';
  return svg(34 + bars.length * 28 + 10, title, rows);
}

/** Draws a clone's cost over the number of living domains, a line for each type. Undefined with fewer than two points. */
export function domainsChart(results: readonly Result[]): string | undefined {
  const points = results.flatMap(({ name, type, median }) => {
    const match = /^clone\.cold\.(\d+)$/.exec(name);
    return match === null ? [] : [{ type, domains: Number(match[1]), ms: median }];
  });
  const most = Math.max(...points.map(({ domains }) => domains));
  if (new Set(points.map(({ domains }) => domains)).size < 2) return undefined;
  const highest = Math.max(...points.map(({ ms }) => ms)) * 1.15;
  const [left, top, height] = [60, 34, 200];
  const x = (domains: number): string => (left + (domains / most) * (WIDTH - left - 80)).toFixed(1);
  const y = (ms: number): string => (top + height - (ms / highest) * height).toFixed(1);
  const lines = [...new Set(points.map(({ type }) => type))].map((type, i) => {
    const own = points.filter((point) => point.type === type).sort((a, b) => a.domains - b.domains);
    const last = own.at(-1);
    const colour = i === 0 ? OURS : PEER;
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${own.map((p) => `${x(p.domains)},${y(p.ms)}`).join(' ')}"/>`,
      ...own.map((p) => `<circle cx="${x(p.domains)}" cy="${y(p.ms)}" r="3" fill="${colour}"/>`),
      last &&
        `<text x="${Number(x(last.domains)) + 8}" y="${Number(y(last.ms)) + 4}" ${TEXT}>${type} ${format(last.ms)}</text>`,
    ].join('\n');
  });
  const axis = [
    `<line x1="${left}" y1="${top + height}" x2="${WIDTH - 80}" y2="${top + height}" stroke="#7a7f87"/>`,
    ...[...new Set(points.map(({ domains }) => domains))].map(
      (domains) =>
        `<text x="${x(domains)}" y="${top + height + 18}" text-anchor="middle" ${TEXT}>${domains}</text>`,
    ),
  ];
  return svg(top + height + 30, 'milliseconds for a clone, over domains alive', [
    ...axis,
    ...lines,
  ]);
}

function svg(height: number, title: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${title}</title>`,
    `<text x="10" y="18" ${TEXT}>${title}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function format(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms.toFixed(1);
}
