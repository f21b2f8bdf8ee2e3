# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Chooses what is in dom0's image: Debian packages less what an emulated dom0 never uses. A change of this file makes a new image.

lab_debootstrap() {
  local xen=$1 work=$2 packages
  packages=$(sed "s/#.*//; s/@XEN@/$xen/" "$LAB_D/dom0-packages.txt" | xargs | tr ' ' ,)
  exec env -i PATH="$PATH" HOME=/root LC_ALL=C TMPDIR="${TMPDIR:-/tmp}" mmdebstrap --mode=root --variant=minbase --format=directory \
    --include="$packages" --aptopt="$work/apt.conf" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    "$(lab_debian_suite)" "$work/root" "$work/sources"
}

# Takes what QEMU loads itself out of the root: hypervisor and kernel, and the initramfs made for that kernel.
lab_image_boot_files() {
  local xen=$1 root=$2 out=$3 version
  version=$(ls "$root/usr/lib/modules")
  gzip -dc "$root/boot/xen-$xen-amd64.gz" >"$out/xen" || return
  cp "$root/boot/vmlinuz-$version" "$out/vmlinuz" || return
  # Modules load faster when nothing has to be unpacked under emulation.
  find "$root/usr/lib/modules" -name '*.ko.xz' -exec xz -d {} + || return
  depmod -b "$root" "$version" || return
  lab_initramfs "$root" "$version" "$out/initrd"
}

# Removes what an emulated dom0 never uses: drivers of real hardware, filesystems and protocols of other worlds, udev's hardware names,
# podman's test program, Debian's own initrd, package lists, keys.
lab_image_trim() {
  local root=$1 version kernel
  version=$(ls "$root/usr/lib/modules")
  kernel=$root/usr/lib/modules/$version/kernel
  lab_keep_only "$kernel/drivers" block xen net char virtio md target
  lab_keep_only "$kernel/drivers/net" 'xen*' bonding team vxlan ipvlan macvlan '*.ko'
  lab_keep_only "$kernel/fs" 9p autofs erofs ext4 fat fscache fuse isofs jbd2 netfs nls overlayfs squashfs '*.ko'
  rm -rf "$kernel/sound"
  rm -rf "$kernel"/net/{6lowpan,atm,ax25,batman-adv,bluetooth,can,ceph,ieee802154,mac80211,mac802154,nfc,rds,rxrpc,sctp,smc,sunrpc,tipc,wireless}
  depmod -b "$root" "$version" || return
  rm -rf "$root"/usr/lib/udev/hwdb* "$root"/usr/libexec/podman/podman-testing
  rm -rf "$root"/boot/initrd* "$root"/initrd* "$root"/boot/System.map* "$root"/boot/*.efi "$root"/vmlinuz*
  # Packages that a running dom0 installs are installed as a whole.
  rm -rf "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap
  rm -rf "$root"/etc/apt/apt.conf.d/99mmdebstrap "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* "$root"/var/lib/apt/lists/*
  rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/resolv.conf "$root"/etc/machine-id
  rm -rf "$root"/var/cache/* "$root"/var/log/*
}

# lab_keep_only DIR PATTERN...: removes the entries of a folder that match none of the patterns.
lab_keep_only() {
  local dir=$1 keep=() pattern
  shift
  for pattern in "$@"; do keep+=(! -name "$pattern"); done
  find "$dir" -mindepth 1 -maxdepth 1 "${keep[@]}" -exec rm -rf {} +
}

# Lists the image's content for `scripts/lab status` and for reports.
lab_image_versions() {
  dpkg-query --admindir="$1/var/lib/dpkg" -W -f '${Package} ${Version}\n' | grep -E '^(linux-image-[0-9]|xen-hypervisor|xen-utils|nodejs|podman|crun|skopeo|umoci|erofs-utils) ?'
}
