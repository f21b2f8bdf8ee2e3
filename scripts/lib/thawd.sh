#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts thawd. Installed as /usr/sbin/thawd.
# Without V8's optimizing compiler and its threads: a start runs a little of many functions, and for the first hundreds of starts compiling
# them cost a dom0 with one vCPU more than it gave; the heap is small (docs/performance.md).
# With more than libuv's four threads: copies of disks and the ends of large domains would hold up every file and every clone.
export UV_THREADPOOL_SIZE="${UV_THREADPOOL_SIZE:-16}"
# `thaw` waits while this lock is held. thawd closes it once it listens; no child of thawd inherits it. Who may not have it does without.
lock=/run/thaw/thawd.sock.lock
[ -e "$lock" ] || (umask 077 && mkdir -p -m 711 "${lock%/*}" && : >"$lock") 2>/dev/null || true
if [ -r "$lock" ]; then
  exec 9<"$lock"
  if flock -w 1 9; then export THAW_STARTING_FD=9; else exec 9<&-; fi
fi
exec node --no-opt --single-threaded /usr/lib/thaw/dist/toolstack/daemon/main.js "$@"
