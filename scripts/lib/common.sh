# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared by every script: the tree's root, the cache and its content keys, progress lines, locks. Source it, do not run it.

THAW_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
THAW_CACHE=${THAW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/thaw}
mkdir -p "$THAW_CACHE"

say() { printf '==> %s\n' "$*" >&2; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# in_ci: is this a machine of CI?
in_ci() { case ${CI:-false} in '' | 0 | false) return 1 ;; esac }

# content_key FILE-OR-TEXT...: one hash over the contents of the files (or the texts) named, whatever their paths.
content_key() {
  local item
  for item in "$@"; do
    if [ -f "$item" ]; then sha256sum <"$item"; else printf '%s\n' "$item" | sha256sum; fi
  done | sha256sum | cut -c1-20
}

# step NAME SECONDS-STARTED: prints how long a named step took.
took() { say "$1: $((SECONDS - $2)) s"; }

# with_lock NAME COMMAND...: runs the command while holding a lock of that name in the cache, so that two set-ups at once do not build
# the same thing twice. Waits at most 40 minutes.
with_lock() {
  local name=$1
  shift
  (
    flock -w 2400 9 || die "Cannot get the lock $name: another set-up holds it for over 40 minutes"
    "$@" 9>&-
  ) 9>"$THAW_CACHE/.lock-$name"
}

# publish TMP FINAL: moves a finished folder or file into the cache in one step; a half-built one never has the final name.
publish() {
  if [ -e "$2" ]; then rm -rf "$1"; else mv -T "$1" "$2"; fi
}
