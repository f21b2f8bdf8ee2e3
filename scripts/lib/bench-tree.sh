# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Makes the disk that measurements need in a lab's dom0: the compiled TypeScript, the addon and the programs of bench/. Source it after
# common.sh and setup.sh.

# bench_tree DIR
bench_tree() {
  local tree=$1
  rm -rf "$tree"
  mkdir -p "$tree/bindings/build/Release"
  rsync -a --exclude /test --exclude .tsbuildinfo --exclude .eslintcache "$THAW_ROOT/dist" "$tree/"
  rsync -a --exclude typescript --exclude '@types' --exclude '@typescript*' --exclude 'eslint*' --exclude '@eslint*' --exclude prettier \
    "$THAW_ROOT/node_modules" "$tree/"
  cp "$THAW_ROOT/package.json" "$tree/"
  cp "$THAW_ROOT/bindings/build/Release/thaw.node" "$tree/bindings/build/Release/"
  bench_program "$tree" time-command
  bench_program "$tree" vchan-sink -lxenvchan -lxenctrl -lxenstore -lxengnttab -lxenevtchn -lxenforeignmemory -lxendevicemodel -lxencall -lxentoollog -lxentoolcore
  bench_program "$tree" vchan-source -lxenvchan -lxenstore -lxengnttab -lxenevtchn -lxentoollog -lxencall -lxentoolcore
  cp "$("$THAW_ROOT/scripts/build-initrd" --init "$tree/vchan-source")/initrd" "$tree/vchan-initrd"
}

# bench_program DIR NAME LIBRARY...: a static C program of bench/.
bench_program() {
  local tree=$1 name=$2
  shift 2
  gcc -std=gnu11 -Wall -Wextra -Werror -O2 -static -o "$tree/$name" "$THAW_ROOT/bench/$name.c" "$@"
}
