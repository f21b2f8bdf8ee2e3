// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import {
  type CompatRecording,
  recordedOutput,
  scriptHash,
} from '../../support/cli/compat-podman.js';
import type { CompatRow } from '../../support/cli/compat-rows.js';

const row: CompatRow = { area: 'files', what: 'cp', script: 'R $I true' };
const tools = { podman: 'podman version 5', image: 'abc' };
const script = scriptHash('E=podman', row);
const recording: CompatRecording = {
  ...tools,
  rows: { 'files: cp': { script, out: 'status 0' } },
};

test('is what was recorded with the same script, podman and image', (t) => {
  t.is(recordedOutput(recording, tools, row, script), 'status 0');
});

test('is unknown without a recording, of another podman or image, for another script or row', (t) => {
  t.is(recordedOutput(undefined, tools, row, script), undefined);
  t.is(recordedOutput(recording, { ...tools, podman: 'podman version 6' }, row, script), undefined);
  t.is(recordedOutput(recording, { ...tools, image: 'abd' }, row, script), undefined);
  t.is(recordedOutput(recording, tools, { ...row, what: 'export' }, script), undefined);
  t.is(recordedOutput(recording, tools, row, scriptHash('E=thaw', row)), undefined);
  t.not(script, scriptHash('E=podman', { ...row, script: 'R $I false' }));
});
