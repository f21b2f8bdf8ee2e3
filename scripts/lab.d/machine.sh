# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Where does a machine come from that has booted already? QEMU migrates a booted one to a file, before anything of --install and --disk is
# in it. Each lab on the wall clock goes on from that. The folder in the cache holds state, scratch disk, initrd, keys and console.

LAB_MACHINES_KEPT=4
# Disks without content that a saved machine has: a lab's own take their place. dom0 keeps their size; EROFS says itself where it ends.
LAB_SLOTS=8
LAB_SLOT_MIB=65536

# lab_machine_fits: can this lab be a saved machine? On the instruction clock disks are in dom0's RAM; THAW_LAB_QEMU may add devices.
lab_machine_fits() {
  [ -z "$LAB_BOOT" ] && [ "$LAB_CLOCK" = wall ] && [ -z "${THAW_LAB_QEMU:-}" ] && [ "${#LAB_OWN_DISKS[@]}" -le "$LAB_SLOTS" ]
}

# lab_machine DIR: sets LAB_MACHINE to the folder of the saved machine; makes it when the cache lacks it. Xen measured the TSC when it booted,
# and QEMU's is the host's, so the CPU's name counts.
lab_machine() {
  local key
  key=$(content_key "${LAB_DISKS[*]}" "$LAB_D"/{initramfs-init,machine.sh,qemu.sh} "$(qemu-system-x86_64 --version)" \
    "$(grep -m 1 '^model name' /proc/cpuinfo)" "$LAB_MEMORY $LAB_DOM0_MEMORY $LAB_VCPUS $LAB_SCRATCH $LAB_JOURNAL")
  LAB_MACHINE=$THAW_CACHE/machines/$key
  if [ ! -f "$LAB_MACHINE/state" ]; then
    # Labs that start at once wait for one of them to make it.
    exec 6>"$THAW_CACHE/.lock-machine"
    flock -w $((3 * LAB_DEADLINE)) 6 || die "Cannot start lab \"$LAB_NAME\": another one has been saving a machine for over $((3 * LAB_DEADLINE)) s"
    [ -f "$LAB_MACHINE/state" ] || lab_machine_make "$1"
    exec 6>&-
  fi
  touch "$LAB_MACHINE"
}

# All that is unfinished lies in DIR or in the scratch folder, which go with the lab.
lab_machine_make() {
  local dir=$1 started=$SECONDS
  say "Saving a booted machine for labs like this one ($LAB_VCPUS vCPU, $LAB_MEMORY MiB, dom0 $LAB_DOM0_MEMORY MiB)"
  LAB_SAVING=$(readlink "$dir/scratch")/machine
  mkdir -m 700 "$LAB_SAVING"
  cp --sparse=always "$LAB_SCRATCH_IMAGE" "$LAB_SAVING/scratch"
  lab_keys "$dir"
  lab_up_initrd "$dir"
  lab_qemu_start "$dir" save
  lab_up_wait "$dir"
  lab_machine_save "$dir"
  cp -p "$dir"/{key,known_hosts,initrd,console.log} "$LAB_SAVING/" && rm -f "$dir"/{key,key.pub,known_hosts,initrd} ||
    die "Cannot start lab \"$LAB_NAME\": the saved machine cannot be stored"
  mkdir -p -m 700 "$THAW_CACHE/machines"
  publish "$LAB_SAVING" "$LAB_MACHINE"
  find "$THAW_CACHE/machines" -mindepth 1 -maxdepth 1 -printf '%T@ %p\n' | sort -rn | tail -n "+$((LAB_MACHINES_KEPT + 1))" |
    cut -d' ' -f2- | xargs -r -d '\n' rm -rf
  took 'Saved machine' "$started"
}

# Ends QEMU once the state is written.
lab_machine_save() {
  local dir=$1 until=$((SECONDS + LAB_DEADLINE)) said=
  lab_monitor "$dir" 'migrate_set_parameter max-bandwidth 10G' >/dev/null
  lab_monitor "$dir" "migrate -d file:$LAB_SAVING/state" >/dev/null
  until [ "$said" = completed ]; do
    said=$(lab_monitor "$dir" 'info migrate' | tr -d '\r' | sed -nE 's/^(Migration s|S)tatus:[[:space:]]*//p')
    [ "$said" != failed ] || lab_up_failed "$dir" 'QEMU cannot save it'
    lab_locked "$dir/alive" || lab_up_failed "$dir" 'QEMU ended'
    [ "$SECONDS" -lt "$until" ] || lab_up_failed "$dir" "it is not saved after $LAB_DEADLINE s"
    sleep 0.2
  done
  lab_monitor "$dir" quit >/dev/null
  flock -w 20 "$dir/alive" true || lab_up_failed "$dir" 'QEMU does not end'
}

# lab_machine_resume DIR: QEMU goes on from the saved machine, and dom0 takes what is this lab's own.
lab_machine_resume() {
  local dir=$1
  cp -p "$LAB_MACHINE"/{key,known_hosts,console.log} "$dir/" || die "Cannot start lab \"$LAB_NAME\": the saved machine is gone"
  lab_qemu_start "$dir" resume
  lab_up_connect "$dir"
  # dom0's random numbers go on from where they were in each lab of this machine, so it gets some of the host's.
  head -c 512 /dev/urandom >"$dir/random"
  lab_up_dom0 "$dir" bash /etc/lab/resumed "$(date +%s.%N)" <"$dir/random" >"$dir/resumed.log" 2>&1 ||
    lab_up_failed "$dir" "the resumed dom0 is not complete: $(tail -n 1 "$dir/resumed.log")"
  rm -f "$dir"/{random,resumed.log}
}
