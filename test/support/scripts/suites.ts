// SPDX-License-Identifier: Apache-2.0
// Invented suites that scripts/test's libraries run, count and sum up in a tree of their own.

import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { ROOT } from '../programs.js';

/** The part of scripts/test that runs suites, each of which is a function `suite_NAME`. */
const HARNESS = `
set -uo pipefail
for part in common suites suite-cache beside second-tries ledger; do . "scripts/lib/$part.sh"; done
LOGS=$THAW_ROOT/build/logs MORE_SUITES='rare broken'
rm -rf "$LOGS"
mkdir -p "$LOGS"
second_lab() { :; }
pass_suite() { "suite_$1" "$2"; }
# fails_until N NAME: true from the Nth time on.
fails_until() { echo >>"$THAW_ROOT/build/$2"; [ "$(wc -l <"$THAW_ROOT/build/$2")" -ge "$1" ]; }
# test_of SUITE N TITLE: TAP of a test that passes the Nth time, if it is asked for.
test_of() {
  [ \${#AVA_ONLY[@]} -eq 0 ] || [ "\${AVA_ONLY[0]}" = "--match=$3" ] || return 0
  if fails_until "$2" "$1-$3"; then echo "ok 1 - $3"; else bad=$((bad + 1)); echo "not ok 1 - $3"; fi
}
# tap_of COMMAND...: the frame of that TAP.
tap_of() { bad=0; "$@"; echo "# fail $bad"; [ "$bad" -eq 0 ]; }
run() {
  local suite
  for suite in "$@"; do
    pass_suite "$suite" ''
    echo key >"$LOGS/$suite.key"
    suite_key() { echo key; }
    remember_suite "$suite"
  done
  second_tries
  ledger_suites abc123 "$*"
  summary "$*"
}
`;

export interface Ended {
  status: number;
  lines: string[];
  /** The lines that name flaky tests, and the last line. */
  end: string[];
  stderr: string;
}

/** Makes a tree with the libraries of scripts/test, a ledger and a list of flaky tests. */
export function suitesTree(t: ExecutionContext) {
  const root = mkdtempSync(join(tmpdir(), 'thaw-second-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  cpSync(join(ROOT, 'scripts/lib'), join(root, 'scripts/lib'), { recursive: true });
  // An empty ledger: the real one has a row for each run.
  const [head] = /^[^]*\n\|---.*\n/.exec(readFileSync(join(ROOT, 'test/ledger.md'), 'utf8')) ?? [];
  write('test/ledger.md', head ?? '');
  write('docs/testing.md', '- `old: a | b` 2026-12-01, CI. Chance.\n');
  const bash = (script: string, more: NodeJS.ProcessEnv = {}): Promise<Ended> => {
    const own = { ...process.env, CI: undefined, THAW_TEST_LONG: undefined };
    const env = { ...own, THAW_CACHE: join(root, 'build/cache'), ...more };
    return new Promise((resolve) =>
      execFile('bash', ['-c', HARNESS + script], { cwd: root, env }, (error, stdout, stderr) => {
        const lines = stdout.trimEnd().split('\n');
        const end = lines.filter((line, i) => /^flaky: /.test(line) || i === lines.length - 1);
        resolve({ status: error === null ? 0 : Number(error.code), lines, end, stderr });
      }),
    );
  };
  const ledger = (): string[] => {
    const text = readFileSync(join(root, 'test/ledger.md'), 'utf8');
    return text.slice(text.indexOf('|---')).trimEnd().split('\n').slice(1);
  };
  const remembered = (): string[] => {
    const folder = join(root, 'build/cache/suites');
    return existsSync(folder) ? readdirSync(folder).map((name) => name.replace(/-.*/, '')) : [];
  };
  return { root, write, bash, ledger, remembered };
}
