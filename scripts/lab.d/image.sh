# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Where does a lab's hypervisor, kernel, initramfs and dom0 root come from? Built once from Debian packages, kept by content.

LAB_D=$THAW_ROOT/scripts/lab.d
LAB_IMAGES_KEPT=3

# lab_image: prints the folder that holds xen, vmlinuz, initrd and root.erofs; builds it when the cache lacks it.
lab_image() {
  local versions key image
  versions=$(lab_image_plan)
  [ -n "$versions" ] || die 'Cannot find Xen among the packages that apt knows: run apt-get update'
  # dom0's own files and the initramfs's init are not in the image: a change of them costs no rebuild.
  key=$(content_key "$LAB_D"/{image-content,initramfs,sources}.sh "$LAB_D/dom0-packages.txt" "$versions")
  image=$THAW_CACHE/dom0/$key
  [ -f "$image/root.erofs" ] || with_lock dom0 lab_image_build "${versions%% *}" "$image" || return
  printf '%s\n' "$image"
}

# The newest Xen that apt knows, such as 4.20, and the versions of what matters most in the image. Asking apt can take ten seconds, so the
# answer is kept until its lists change.
lab_image_plan() {
  local plan xen
  plan=$THAW_CACHE/dom0/plan-$(content_key "$(find /var/lib/apt/lists /etc/apt -type f -printf '%p %s %T@\n' | sort)")
  if [ ! -s "$plan" ]; then
    mkdir -p "$THAW_CACHE/dom0"
    rm -f "$THAW_CACHE"/dom0/plan-*
    xen=$(apt-cache pkgnames xen-hypervisor- | sed -nE 's/^xen-hypervisor-([0-9.]+)-amd64$/\1/p' | sort -V | tail -n 1)
    [ -n "$xen" ] || return 1
    printf '%s %s\n' "$xen" "$(apt-cache show --no-all-versions linux-image-amd64 "xen-hypervisor-$xen-amd64" nodejs podman crun |
      sed -n 's/^Version: //p' | xargs)" >"$plan.tmp"
    mv "$plan.tmp" "$plan"
  fi
  cat "$plan"
}

lab_image_build() {
  local xen=$1 image=$2 work started=$SECONDS
  [ ! -f "$image/root.erofs" ] || return 0
  [ "$(id -u)" = 0 ] || die 'Cannot build the dom0 image: mmdebstrap needs root'
  mkdir -p "$THAW_CACHE/dom0"
  # Left by a build that was killed. Were it still at work, its mounts would be in a namespace of its own.
  rm -rf --one-file-system "$THAW_CACHE"/dom0/tmp.*
  work=$(mktemp -d "$THAW_CACHE/dom0/tmp.XXXXXX")
  # shellcheck disable=SC2064 # the folder is known now
  trap "lab_image_abort '$work'" EXIT
  trap 'exit 130' INT TERM HUP
  say "Building the dom0 image (Xen $xen, about two minutes)"
  lab_debian_sources >"$work/sources"
  lab_apt_options >"$work/apt.conf"
  lab_debootstrap "$xen" "$work" >"$work/log" 2>&1 &
  LAB_CHILD=$!
  wait "$LAB_CHILD" || {
    tail -n 20 "$work/log" >&2
    die 'Cannot build the dom0 image: mmdebstrap failed, see above'
  }
  LAB_CHILD=
  mkdir "$work/out"
  lab_image_boot_files "$xen" "$work/root" "$work/out" || die 'Cannot build the dom0 image: Xen, kernel or initramfs is missing'
  lab_image_trim "$work/root" || die 'Cannot build the dom0 image: its modules do not resolve'
  lab_image_versions "$work/root" >"$work/out/versions" || die 'Cannot build the dom0 image: it lacks packages'
  mkfs.erofs --quiet -T 0 -U clear "$work/out/root.erofs.tmp" "$work/root" >>"$work/log" 2>&1 || die "Cannot pack dom0's root: $(tail -n 1 "$work/log")"
  mv "$work/out/root.erofs.tmp" "$work/out/root.erofs"
  publish "$work/out" "$image"
  lab_image_expire
  took 'dom0 image' "$started"
}

# Keeps the images made last. A running lab has its own open, and its kernel is loaded.
lab_image_expire() {
  find "$THAW_CACHE/dom0" -mindepth 1 -maxdepth 1 -type d ! -name 'tmp.*' -printf '%T@ %p\n' | sort -rn |
    tail -n "+$((LAB_IMAGES_KEPT + 1))" | cut -d' ' -f2- | xargs -r -d '\n' rm -rf
}

# Ends mmdebstrap (it unmounts what it mounted) before its folder goes.
lab_image_abort() {
  if [ -n "${LAB_CHILD:-}" ]; then
    kill -TERM "$LAB_CHILD" 2>/dev/null
    wait "$LAB_CHILD" 2>/dev/null
  fi
  rm -rf --one-file-system "$1"
}
