#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Do two builds in folders of different names give the same bytes? Each part of the guest, or those named, built once more beside what is cached.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

failed=0
[ $# -gt 0 ] || set -- initrd kernel # the initrd has agent and crun in it
for part in "$@"; do
  if "scripts/build-$part" --verify >/dev/null; then
    printf 'ok      %s\n' "$part"
  else
    printf 'FAILED  %s\n' "$part"
    failed=1
  fi
done
exit "$failed"
