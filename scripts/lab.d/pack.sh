# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How does a folder get into dom0? As a read-only EROFS image in the cache, named by the hash of the folder's content.

LAB_PACKS_KEPT=24

# lab_pack DIR [MKFS-OPTION...]: prints the image's path.
lab_pack() {
  local dir=$1 key pack work
  shift
  [ -d "$dir" ] || die "Cannot pack $dir: not a folder"
  # Times are left out, so that a tree made anew from the same input is the same image.
  key=$( (tar -C "$dir" --sort=name --mtime=@0 --numeric-owner -cf - . && printf '%s\n' "$@") | sha256sum | cut -c1-20)
  pack=$THAW_CACHE/packs/$key.erofs
  mkdir -p "$THAW_CACHE/packs"
  if [ ! -f "$pack" ]; then
    work=$(mktemp "$THAW_CACHE/packs/tmp.XXXXXX")
    mkfs.erofs --quiet -T 0 -U clear "$@" "$work" "$dir" >"$work.log" 2>&1 || {
      tail -n 3 "$work.log" >&2
      rm -f "$work" "$work.log"
      die "Cannot pack $dir: mkfs.erofs failed, see above"
    }
    rm -f "$work.log"
    mv "$work" "$pack"
  fi
  touch "$pack"
  lab_pack_expire
  printf '%s\n' "$pack"
}

# Only the images used last are kept. A running lab keeps its own open.
lab_pack_expire() {
  find "$THAW_CACHE/packs" -name 'tmp.*' -mmin +60 -delete
  find "$THAW_CACHE/packs" -name '*.erofs' -printf '%T@ %p\n' | sort -rn | tail -n "+$((LAB_PACKS_KEPT + 1))" | cut -d' ' -f2- | xargs -r -d '\n' rm -f
}

# lab_scratch MIB [journal]: prints an empty ext4 image of that size, with a journal where one is asked for. QEMU never writes to it: each lab
# has its own changes in a file that is unlinked as soon as it is open. A QEMU that is ended before that leaves it in the folder that
# lab_scratch_folder made.
lab_scratch() {
  local image=$THAW_CACHE/scratch/$1$2.ext4 work features=()
  [ -n "$2" ] || features=(-O ^has_journal)
  if [ ! -f "$image" ]; then
    mkdir -p "$THAW_CACHE/scratch"
    work=$(mktemp "$THAW_CACHE/scratch/tmp.XXXXXX")
    truncate -s "$1M" "$work"
    mkfs.ext4 -q -F -m 0 "${features[@]}" -E lazy_itable_init=1,root_owner=0:0 "$work" || die "Cannot make a scratch disk of $1 MiB"
    mv "$work" "$image"
  fi
  printf '%s\n' "$image"
}

# lab_scratch_folder DIR: a folder of this lab alone on the cache's disk, since DIR is in memory. It goes with DIR, which has the way to it.
lab_scratch_folder() {
  local folder=$THAW_CACHE/scratch/of-${1##*/}
  ln -s "$folder" "$1/scratch" && mkdir -p "$folder" || die "Cannot make $folder"
}
