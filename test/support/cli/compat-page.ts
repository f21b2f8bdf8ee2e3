// SPDX-License-Identifier: Apache-2.0
// Formats docs/compat.md.

import type { CompatRow } from './compat-rows.js';

export function compatPage(rows: readonly CompatRow[]): string {
  const count = (is: (row: CompatRow) => boolean): number => rows.filter(is).length;
  const total = {
    same: count((row) => isSame(row)),
    differs: count(({ differs }) => differs !== undefined),
  };
  return `# thaw beside podman

This page shows, row by row, where thaw does the same as podman, and where it differs and why. For example, this command
exits with 127 on both:

    thaw run --rm busybox nosuch; echo $?

scripts/compat.mjs makes this page from test/support/cli/compat-rows.ts. \`test/xen/compat\` runs each row in the lab with
the same image, on podman with crun and on thaw. It compares output and exit statuses, and checks both sides of a
difference.

${total.same} rows are the same, ${total.differs} differ on purpose, and none is missing.

${[...new Set(rows.map(({ area }) => area))].map((area) => section(area, rows)).join('\n')}`;
}

function isSame({ differs }: CompatRow): boolean {
  return differs === undefined;
}

const HEADINGS: Partial<Record<CompatRow['area'], string>> = {
  life: 'Lifecycle',
  looking: 'Queries',
};

function section(area: CompatRow['area'], rows: readonly CompatRow[]): string {
  const own = rows.filter((row) => row.area === area);
  const lines = own.map((row) => `| ${row.what} | ${isSame(row) ? 'same' : 'differs'} |`);
  const differences = own.flatMap(({ what, differs }) => (differs ? [item(what, differs)] : []));
  return `## ${HEADINGS[area] ?? `${area.charAt(0).toUpperCase()}${area.slice(1)}`}

| what | thaw beside podman |
|---|---|
${lines.join('\n')}
${differences.length === 0 ? '' : `\n${differences.join('\n')}\n`}`;
}

function item(what: string, { podman, thaw, why }: NonNullable<CompatRow['differs']>): string {
  return wrapped(`- **${what}**: podman: ${podman}. thaw: ${thaw}. Why: ${why}.`);
}

/** The longest line of a page (scripts/check-docs.mjs). */
const LINE = 120;

/** Breaks an item of a list into lines. */
function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)}${lines.at(-1) === '' ? '' : ' '}${word}`;
    if (longer.length <= LINE || lines.at(-1) === '') lines[lines.length - 1] = longer;
    else lines.push(`  ${word}`);
  }
  return lines.join('\n');
}
