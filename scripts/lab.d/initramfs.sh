# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Mounts dom0's root: a small initramfs: busybox and the kernel's own modules for disks and filesystems. Its init, which is
# lab.d/initramfs-init, and the lab's keys come in a second archive when a lab starts.

# Modules for initramfs-init; kmod adds those that these need, in order. Names built into the kernel are passed over by kmod.
LAB_INITRAMFS_MODULES='virtio_pci virtio_blk loop erofs ext4 overlay'

# lab_initramfs ROOT KERNEL-VERSION OUT
lab_initramfs() {
  local root=$1 version=$2 out=$3 dir module
  dir=$(mktemp -d "$(dirname "$out")/initramfs.XXXXXX")
  mkdir -p "$dir/bin" "$dir/modules" "$dir/dev" "$dir/proc" "$dir/sys"
  cp "$root/usr/bin/busybox" "$dir/bin/busybox"
  ldd "$dir/bin/busybox" >/dev/null 2>&1 && die 'Cannot make the initramfs: busybox is not static'
  for module in $LAB_INITRAMFS_MODULES; do
    modprobe -d "$root" -S "$version" --show-depends "$module" || die "Cannot make the initramfs: kernel $version has no module $module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r module; do
    cp "$module" "$dir/modules/"
    basename "$module" >>"$dir/modules/order"
  done || return
  (cd "$dir" && find . | sort | cpio --quiet -o -H newc -R 0:0 | gzip -1) >"$out"
  rm -rf "$dir"
}
