# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How does a lab start? The image is found or built, QEMU boots Xen and dom0 from it, or goes on from a machine that did (machine.sh), dom0
# answers. Whatever cuts this short removes it all.

# lab_up: reads the options in LAB_* (see scripts/lab).
lab_up() {
  local dir started=$SECONDS mine
  dir=$(lab_dir "$LAB_NAME")
  lab_reap "$LAB_NAME"
  mkdir -p -m 700 "$LAB_RUN"
  # Held until the new folder's lock is: whose start nobody holds is a dead lab, for whoever looks meanwhile.
  exec 7>"$LAB_RUN/.lock"
  flock 7
  lab_up_claim "$dir" || die "Cannot start lab \"$LAB_NAME\": it is $(lab_state "$LAB_NAME") already; end it with: scripts/lab down --name $LAB_NAME"
  exec 9<>"$dir/starting"
  flock -w 5 9 || die "Cannot start lab \"$LAB_NAME\": another start of it is under way"
  exec 7>&-
  # Not what a later start of the same name made after a `lab down` of this one. The inode tells: fd 9 keeps it, but is closed in a trap that
  # runs within a call with 9>&-.
  mine=$(stat -c %d:%i "$dir/starting")
  # shellcheck disable=SC2064
  trap "lab_up_remove '$mine'" EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  lab_up_disks "$dir"
  if lab_machine_fits; then lab_machine "$dir"; fi
  say "Starting lab \"$LAB_NAME\" ($LAB_CLOCK clock, $LAB_VCPUS vCPU, $LAB_MEMORY MiB, dom0 $LAB_DOM0_MEMORY MiB)"
  if [ -n "$LAB_MACHINE" ]; then lab_machine_resume "$dir"; else lab_up_boot "$dir"; fi
  [ -z "$LAB_INSTALL" ] || lab_up_thawd "$dir"
  lab_up_record >"$dir/ready"
  trap - EXIT INT TERM HUP
  exec 9>&-
  say "Lab \"$LAB_NAME\" is up: $((SECONDS - started)) s"
}

# lab_up_remove DEVICE:INODE: removes the lab whose lock that file is.
lab_up_remove() { [ "$(stat -c %d:%i "$(lab_dir "$LAB_NAME")/starting" 2>/dev/null)" != "$1" ] || lab_remove "$LAB_NAME"; }

lab_up_boot() {
  lab_keys "$1"
  lab_up_initrd "$1"
  lab_qemu_start "$1" boot
  lab_up_wait "$1"
  lab_up_connect "$1"
}

lab_up_claim() {
  [ "$(lab_state "$LAB_NAME")" = none ] && mkdir -m 700 "$1" && : >"$1/starting"
}

# Finds every disk and hands it to QEMU by serial: root and lab (dom0's own files), which labs share; install and d-LABEL, this lab's own.
lab_up_disks() {
  local entry image tree
  image=$(lab_image) || exit
  LAB_IMAGE=$image
  LAB_DISKS=("root=$image/root.erofs")
  lab_up_disk LAB_DISKS lab "$LAB_D/dom0" --all-root
  if [ -n "$LAB_INSTALL" ]; then
    tree=$(lab_up_install "$1") || exit
    lab_up_disk LAB_OWN_DISKS install "$tree" --all-root
  fi
  for entry in "${LAB_FOLDERS[@]}"; do
    lab_up_disk LAB_OWN_DISKS "d-${entry%%=*}" "${entry#*=}"
  done
  [ "$LAB_CLOCK" = instructions ] && return
  LAB_SCRATCH_IMAGE=$(lab_scratch "$LAB_SCRATCH" "$LAB_JOURNAL") || exit
  lab_scratch_folder "$1"
}

# lab_up_install DIR: prints the tree that is laid over dom0's root. A package lies in it where apt keeps those that it fetched, and where
# dom0's boot script installs it from.
lab_up_install() {
  local tree=$1/install archives=$1/install/var/cache/apt/archives
  if [ -d "$LAB_INSTALL" ]; then
    tree=$LAB_INSTALL
  else
    mkdir -p "$archives" && cp -L "$LAB_INSTALL" "$archives/" || die "Cannot copy $LAB_INSTALL"
  fi
  printf '%s\n' "$tree"
}

# lab_up_disk LIST SERIAL DIR [MKFS-OPTION...]
lab_up_disk() {
  local pack
  local -n list=$1
  pack=$(lab_pack "${@:3}") || exit
  list+=("$2=$pack")
}

# The kernel unpacks both archives; the second one holds the init and this lab's keys.
lab_up_initrd() {
  local dir=$1
  mkdir "$dir/extra" "$dir/extra/lab"
  mv "$dir/host_key" "$dir/extra/lab/host_key"
  cp "$dir/key.pub" "$dir/extra/lab/authorized_keys"
  install -m 755 "$LAB_D/initramfs-init" "$dir/extra/init"
  { cat "$LAB_IMAGE/initrd" && (cd "$dir/extra" && find init lab | cpio --quiet -o -H newc -R 0:0 | gzip -1); } >"$dir/initrd"
  rm -rf "$dir/extra" "$dir/host_key.pub"
}

# lab_up_wait DIR [BYTES]: waits until dom0's boot script says on the console how it went, behind so many bytes.
lab_up_wait() {
  local dir=$1 behind=${2:-0} until=$((SECONDS + LAB_DEADLINE)) said=
  while :; do
    said=$(tail -c "+$((behind + 1))" "$dir/console.log" 2>/dev/null | grep -aom 1 'lab: ready.*\|lab: failed.*') && break
    lab_locked "$dir/alive" || lab_up_failed "$dir" 'QEMU ended'
    [ "$SECONDS" -lt "$until" ] || lab_up_failed "$dir" "dom0 is not ready after $LAB_DEADLINE s"
    sleep 0.2
  done
  case $said in
    *failed*) lab_up_failed "$dir" "${said#lab: failed: }" ;;
  esac
}

# The kept connection is the first proof that dom0 answers.
lab_up_connect() {
  local dir=$1 port until=$((SECONDS + LAB_DEADLINE))
  until port=$(lab_qemu_port "$dir"); do
    lab_locked "$dir/alive" || lab_up_failed "$dir" 'QEMU ended'
    [ "$SECONDS" -lt "$until" ] || lab_up_failed "$dir" 'QEMU does not say which port leads to sshd'
    sleep 0.1
  done
  lab_ssh_config "$dir" "$port"
  until lab_ssh_master "$dir" 9>&-; do
    lab_locked "$dir/alive" || lab_up_failed "$dir" 'QEMU ended'
    [ "$SECONDS" -lt "$until" ] || lab_up_failed "$dir" 'sshd does not answer'
    sleep 0.3
  done
}

# Runs in dom0: 0 once thawd answers, or where --install brings none; 1 when it ended, or does not answer within the seconds given.
LAB_AWAIT_THAWD='[ -x /usr/bin/thaw ] && [ -s /run/lab-thawd.pid ] || exit 0
now() { cut -d. -f1 /proc/uptime; }
read -r pid </run/lab-thawd.pid
end=$(($(now) + $1))
until THAW_WAIT=$1 timeout "$1" thaw ps >/dev/null 2>&1; do
  kill -0 "$pid" 2>/dev/null && [ "$(now)" -lt "$end" ] || exit 1
  sleep 0.5
done'

# Waits until thawd answers, where there is one.
lab_up_thawd() {
  local dir=$1
  lab_up_dom0 "$dir" sh -c "$LAB_AWAIT_THAWD" sh "$LAB_DEADLINE" </dev/null && return
  (lab_exec "$LAB_NAME" '' tail -n 30 /var/log/thaw/thawd.log) </dev/null 9>&- 2>&1 | cut -c1-300 | sed 's/^/    /' >&2
  die "Cannot start lab \"$LAB_NAME\": thawd does not answer (its log's last lines are above)"
}

# lab_up_dom0 DIR COMMAND...: runs it in dom0 while the lab still starts. In the background: a signal that ends `lab up` need not wait for ssh.
lab_up_dom0() {
  timeout $((LAB_DEADLINE + 10)) ssh -F "$1/ssh_config" -T lab "$(lab_quote "${@:2}")" <&0 9>&- &
  wait $!
}

# lab_up_again NAME: cuts the power of a running dom0, and returns when it has booted again from its disks and answers.
lab_up_again() {
  local dir bytes started=$SECONDS
  dir=$(lab_dir "$1")
  bytes=$(stat -c %s "$dir/console.log")
  ssh -F "$dir/ssh_config" -O exit lab 2>/dev/null
  lab_qemu_reset "$dir" || die "Cannot cut the power of lab \"$1\": QEMU does not reset it"
  lab_up_wait "$dir" "$bytes"
  lab_up_connect "$dir"
  lab_up_thawd "$dir"
  say "Lab \"$1\" is up again: $((SECONDS - started)) s"
}

lab_up_failed() {
  tail -n 30 "$1/console.log" 2>/dev/null | tr -d '\r' | cut -c1-300 | sed 's/^/    /' >&2
  sed 's/^/    /' "$1/qemu.log" 2>/dev/null >&2
  # Whatever is wrong with a saved machine, the next start must not meet it again.
  [ -z "$LAB_MACHINE" ] || rm -rf "$LAB_MACHINE"
  die "Cannot start lab \"$LAB_NAME\": $2 (its console's last lines are above)"
}

lab_up_record() {
  [ -z "$LAB_JOURNAL" ] || echo journal
  printf 'clock %s\nvcpus %s\nmemory %s MiB\ndom0-memory %s MiB\n' "$LAB_CLOCK" "$LAB_VCPUS" "$LAB_MEMORY" "$LAB_DOM0_MEMORY"
  cat "$LAB_IMAGE/versions"
}
