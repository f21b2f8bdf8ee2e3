// SPDX-License-Identifier: Apache-2.0
// Draws a transcript of a terminal as an SVG: node tour-svg.mjs TRANSCRIPT SVG. Lines that begin with "# " are what was typed.

import { readFileSync, writeFileSync } from 'node:fs';

const [, , source, target] = process.argv;
const LINE = 18;
const GAP = 8;
const CHARACTER = 8.43;
const MARGIN = 18;

/** As a terminal has them: every eighth column. */
const withoutTabs = (text) => text.replace(/[^\t]*\t/g, (cell) => cell.slice(0, -1).padEnd(8 * Math.ceil(cell.length / 8)));

const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

let y = MARGIN;
let columns = 0;
const rows = [];
for (const line of readFileSync(source, 'utf8').trimEnd().split('\n').map((text) => withoutTabs(text).trimEnd())) {
  if (line === '') {
    y += GAP;
    continue;
  }
  const text = line.startsWith('# ')
    ? `<tspan class="prompt"># </tspan><tspan class="typed">${escaped(line.slice(2))}</tspan>`
    : escaped(line);
  // Whatever font a reader has, columns stand below each other.
  const width = (line.length * CHARACTER).toFixed(1);
  rows.push(`<text x="${MARGIN}" y="${y + 0.75 * LINE}" textLength="${width}" xml:space="preserve">${text}</text>`);
  y += LINE;
  columns = Math.max(columns, line.length);
}

const width = Math.ceil(columns * CHARACTER) + 2 * MARGIN;
const height = y + MARGIN;
const style = [
  'text{font:14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#adb5bf}',
  '.prompt{fill:#7ee787}',
  '.typed{fill:#f0f3f6;font-weight:bold}',
];

writeFileSync(
  target,
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="thaw in a terminal">`,
    `<style>${style.join('')}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#161b22"/>`,
    ...rows,
    '</svg>\n',
  ].join('\n'),
);
