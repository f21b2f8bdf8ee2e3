# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Everything a fresh Debian 13 with Node.js 20 needs before thaw can be tried or tested, each step cached by content.
# Source it after common.sh, then call setup_all; or single steps, in the order in which they stand here.

# shellcheck source=scripts/lib/compile.sh
. "$THAW_ROOT/scripts/lib/compile.sh"

# setup_all [COMMAND...]: the command, too, waits for the network and the disk, and needs no more than the lab does.
setup_all() {
  local started=$SECONDS
  setup_check_machine
  setup_packages
  setup_npm
  setup_dist
  # mmdebstrap waits for the network and the disk, the compilers for the CPU: side by side they take less.
  local lab_log lab_pid
  lab_log=$(mktemp)
  { "$THAW_ROOT/scripts/lab" build && "${@:-true}"; } >"$lab_log" 2>&1 &
  lab_pid=$!
  setup_native
  setup_guest
  wait "$lab_pid" || {
    cat "$lab_log" >&2
    rm -f "$lab_log"
    die 'Cannot build the lab, or what is made beside it: see above'
  }
  rm -f "$lab_log"
  setup_install_tree
  setup_package
  took 'Set-up' "$started"
}

setup_check_machine() {
  [ "$(id -u)" = 0 ] || die 'Set-up installs packages and makes images: run it as root'
  command -v node >/dev/null || die 'Node.js is missing: install Node.js 20 with npm (apt install nodejs npm)'
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    die "Node.js $(node --version) is too old: 20.19 or newer is needed"
  command -v npm >/dev/null || die 'npm is missing: apt install npm'
}

# setup_packages [build]: the packages of packages.txt that are not there yet; with "build" without those that the lab and tests need.
setup_packages() {
  local name missing=() left='^$' registry=/etc/systemd/system/docker-registry.service
  [ "${1:-}" != build ] || left='# lab:'
  while read -r name; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done < <(grep -v "$left" "$THAW_ROOT/scripts/lib/packages.txt" | sed 's/#.*//; s/[[:space:]]*$//; /^$/d')
  [ -e "$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")/include/node/node_api.h" ] || missing+=(libnode-dev)
  [ "${#missing[@]}" -gt 0 ] || return 0
  local started=$SECONDS log
  log=$(mktemp)
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  case " ${missing[*]} " in *' docker-registry '*)
    # Debian's package would start it, open to everybody; tests start their own, on loopback.
    [ -e "$registry" ] || [ -L "$registry" ] || { mkdir -p "${registry%/*}" && ln -s /dev/null "$registry"; }
    ;;
  esac
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    die 'Cannot install the packages: see above'
  }
  rm -f "$log"
  took 'Packages' "$started"
}

setup_npm() {
  local key stamp=$THAW_ROOT/node_modules/.thaw-key started=$SECONDS
  key=$(content_key "$THAW_ROOT/package.json" "$THAW_ROOT/package-lock.json")
  [ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || return 0
  say 'Installing npm packages'
  (cd "$THAW_ROOT" && npm ci --no-audit --no-fund --loglevel=error) >&2 || die 'Cannot install the npm packages: see above'
  printf '%s\n' "$key" >"$stamp"
  took 'npm packages' "$started"
}

setup_dist() {
  local started=$SECONDS
  compile_typescript >&2 || die 'Cannot compile the TypeScript: see above'
  took 'TypeScript' "$started"
}

# The addon, the shim and the launcher; prints nothing. Programs land in build/bin.
setup_native() {
  local started=$SECONDS
  "$THAW_ROOT/scripts/build-bindings" >/dev/null || die 'Cannot build the addon: see above'
  with_lock programs setup_programs || die 'Cannot build the shim and the launcher: see above'
  took 'Addon, shim, launcher' "$started"
}

setup_programs() {
  local key folder work
  key=$(content_key $(find "$THAW_ROOT"/toolstack/{shim,launcher,api} -name '*.[ch]' -o -name Makefile | LC_ALL=C sort) \
    "$THAW_ROOT/kernels/agent/proto.h" "$(gcc --version | head -n 1)" "$(dpkg-query -W -f '${Version}' libxen-dev)")
  folder=$THAW_CACHE/programs-$key
  if [ ! -d "$folder" ]; then
    say 'Building the shim and the launcher'
    work=$folder.new-$$
    make -s -C "$THAW_ROOT/toolstack/shim" OUT="$work" && make -s -C "$THAW_ROOT/toolstack/launcher" OUT="$work" ||
      die 'Cannot build the shim and the launcher: see above'
    publish "$work" "$folder"
  fi
  mkdir -p "$THAW_ROOT/build/bin"
  cp -p "$folder"/thaw "$folder"/thaw-shim "$THAW_ROOT/build/bin/"
}

# Guest kernel and initrd, as links build/kernel and build/initrd to their folders in the cache.
setup_guest() {
  local started=$SECONDS kernel initrd
  kernel=$("$THAW_ROOT/scripts/build-kernel") || die 'Cannot build the guest kernel: see above'
  initrd=$("$THAW_ROOT/scripts/build-initrd") || die 'Cannot build the initrd: see above'
  mkdir -p "$THAW_ROOT/build"
  ln -sfn "$kernel" "$THAW_ROOT/build/kernel"
  ln -sfn "$initrd" "$THAW_ROOT/build/initrd"
  took 'Guest kernel and initrd' "$started"
}

# build/install: what is installed, as a tree that scripts/lab can lay over its dom0.
setup_install_tree() {
  rm -rf "$THAW_ROOT/build/install"
  "$THAW_ROOT/scripts/install" "$THAW_ROOT/build/install" || die 'Cannot lay out what is installed: see above'
}

# build/package/thaw.deb: the same as a Debian package, which labs install as hosts do.
setup_package() {
  "$THAW_ROOT/scripts/package" >/dev/null 2>&1 || die 'Cannot build the package: scripts/package says why'
}
