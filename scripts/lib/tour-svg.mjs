// SPDX-License-Identifier: Apache-2.0
// Draws a transcript of a terminal as an SVG: node tour-svg.mjs TRANSCRIPT SVG. Lines that begin with "# " are what was typed.

import { readFileSync, writeFileSync } from 'node:fs';

const [, , source, target] = process.argv;
const LINE = 18;
const CHARACTER = 8.43;
const MARGIN = 16;

const lines = readFileSync(source, 'utf8').trimEnd().split('\n');
const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * CHARACTER) + 2 * MARGIN;
const height = lines.length * LINE + 2 * MARGIN;

const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

const rows = lines.map((line, index) => {
  const y = MARGIN + (index + 0.75) * LINE;
  const isTyped = line.startsWith('# ');
  return `<text x="${MARGIN}" y="${y}"${isTyped ? ' class="typed"' : ''} xml:space="preserve">${escaped(line)}</text>`;
});

writeFileSync(
  target,
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="thaw in a terminal">`,
    '<style>text{font:14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d7dae0}.typed{fill:#7ee787;font-weight:bold}</style>',
    `<rect width="${width}" height="${height}" rx="8" fill="#161b22"/>`,
    ...rows,
    '</svg>\n',
  ].join('\n'),
);
