# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The tree that the suites of test/xen need inside a lab's dom0, which mounts it at /mnt/tests. Source it after common.sh.

# build_lab_tests: makes build/labtests anew from what is compiled; prints nothing.
build_lab_tests() {
  local out=$THAW_ROOT/build/labtests suite
  rm -rf "$out" "$THAW_ROOT"/dist/joined/lab-*
  mkdir -p "$out/kernels/agent" "$out/guests" "$out/test/fixtures"
  join_lab_suite xen xenstore bindings clone kernels agent shim
  # The search for what is left over is the end of each that runs thaw.
  for suite in thaw copies engines accidents hostile; do join_lab_suite "$suite" "$suite" leaks; done
  for suite in compat cycles hundred kills; do join_lab_suite "$suite" "$suite"; done
  rsync -a --exclude .tsbuildinfo --exclude .eslintcache --exclude .prettiercache "$THAW_ROOT/dist" "$out/"
  # Packages for compiling and linting alone stay out: they are nine tenths of the folder.
  rsync -a --exclude .thaw-key --exclude .cache --exclude /node_modules/typescript --exclude '/node_modules/@typescript*' --exclude '/node_modules/eslint*' --exclude '/node_modules/@eslint*' \
    --exclude /node_modules/prettier --exclude '/node_modules/@types' "$THAW_ROOT/node_modules" "$out/"
  node "$THAW_ROOT/scripts/bundle-ava.mjs" "$out" || die 'Cannot bundle AVA: see above'
  cp "$THAW_ROOT/package.json" "$THAW_ROOT/ava.config.js" "$out/"
  cp "$THAW_ROOT/kernels/agent/proto.h" "$out/kernels/agent/"
  cp "$THAW_ROOT/test/fixtures/compat-podman.json" "$THAW_ROOT/test/fixtures/cri.proto" "$out/test/fixtures/"
  mkdir -p "$out/bindings/build/Release"
  cp "$THAW_ROOT/bindings/build/Release/thaw.node" "$out/bindings/build/Release/"
  "$THAW_ROOT/test/agent/make-guest" "$out/guest"
  make -s -C "$THAW_ROOT/test/fixtures" OUT="$out/files" || die 'Cannot build posix-files: see above'
  make -s -C "$THAW_ROOT/toolstack/shim" OUT="$out/bin" "$out/bin/thaw-shim-probe" || die 'Cannot build thaw-shim-probe: see above'
  build_bad_guest silent silent-init
  build_bad_guest garbage garbage-agent
}

# join_lab_suite SUITE FOLDER...: all tests of those folders of test/xen as dist/joined/lab-SUITE-1.test.js, since each file that AVA starts
# costs dom0 some ten seconds.
join_lab_suite() {
  local suite=$1
  shift
  node "$THAW_ROOT/scripts/join-tests.mjs" "$THAW_ROOT/dist/joined/lab-$suite" in-order "${@/#/$THAW_ROOT/dist/test/xen/}" ||
    die "Cannot join the tests of $suite: see above"
}

# build_bad_guest NAME SOURCE: an initrd whose init is test/fixtures/SOURCE.c, as build/labtests/guests/NAME.
build_bad_guest() {
  local program=$THAW_ROOT/build/$2
  gcc -std=gnu11 -Wall -Wextra -Werror -O2 -static -o "$program" "$THAW_ROOT/test/fixtures/$2.c" \
    -lxenvchan -lxenstore -lxengnttab -lxenevtchn -lxentoollog -lxencall -lxentoolcore
  cp "$("$THAW_ROOT/scripts/build-initrd" --init "$program")/initrd" "$THAW_ROOT/build/labtests/guests/$1"
}

# lab_ava LAB TYPE WORD...: runs AVA in the lab's dom0 with those globs and options, TAP on standard output. LAB_AVA_SECONDS is its deadline.
lab_ava() {
  local lab=$1 type=$2 wishes
  shift 2
  mapfile -t wishes < <(env | grep -E '^THAW_(KILLS|COMPAT|TEST_LONG)')
  # V8's compiler and its threads cost an emulated CPU more than they give.
  # AVA keeps a cache beside its modules, so the read-only tree gets a writable layer.
  "$THAW_ROOT/scripts/lab" exec --name "$lab" -- env "${wishes[@]}" sh -c '
    mkdir -p /run/tests/upper /run/tests/work /root/tests
    mountpoint -q /root/tests || mount -t overlay -o lowerdir=/mnt/tests,upperdir=/run/tests/upper,workdir=/run/tests/work overlay /root/tests
    cd /root/tests || exit 1
    type=$1; seconds=$2; export THAW_TEST_CYCLES=$3; shift 3
    THAW_TEST_GUEST=/mnt/tests/guest THAW_TEST_BIN=/usr/lib/thaw/bin THAW_TEST_TYPE=$type exec timeout "$seconds" node --no-opt --single-threaded node_modules/ava/entrypoints/cli.mjs --tap --timeout=10m "$@"' sh "$type" "${LAB_AVA_SECONDS:-6000}" "${THAW_TEST_CYCLES:-1000}" "$@"
}
