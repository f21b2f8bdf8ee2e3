// SPDX-License-Identifier: Apache-2.0
// How AVA runs the compiled tests: a process per file, one at a time, in the order of their names.

export default {
  files: ['dist/{test,joined}/**/*.test.js'],
  workerThreads: false,
  timeout: '240s',
  concurrency: 1,
  // With a cache, AVA takes the files first that failed last.
  cache: false,
  sortTestFiles: (a, b) => a.localeCompare(b, 'en'),
};
