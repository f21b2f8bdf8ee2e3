# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which machine does a lab run on? QEMU's emulated CPU with AMD's virtualization, which Xen takes for real hardware.

# lab_qemu_start DIR HOW: boots, boots a machine to save, or resumes a saved one. QEMU holds the lock "alive" for as long as it lives, and sits in a session of its own, so that a terminal's Ctrl-C
# reaches only `lab up`, which then removes it.
lab_qemu_start() {
  local dir=$1 arguments
  lab_qemu_arguments "$dir" "$2"
  : >"$dir/alive"
  (
    exec 6>&- 9>&-
    flock -w 10 8 || exit 1
    printf '%s\n' "$BASHPID" >"$dir/qemu.pid"
    [ ! -e "$dir/scratch" ] || export TMPDIR="$dir/scratch"
    exec setsid qemu-system-x86_64 "${arguments[@]}" </dev/null >"$dir/qemu.log" 2>&1
  ) 8>"$dir/alive" &
  # QEMU takes the lock before anybody asks whether it lives.
  until lab_locked "$dir/alive" || ! kill -0 "$!" 2>/dev/null; do sleep 0.05; done
}

# Sets the caller's "arguments". A saved machine and those that resume it have the same devices in the same order.
lab_qemu_arguments() {
  local dir=$1 how=$2 entry xen linux cpu initrd=$1/initrd scratch=${LAB_SCRATCH_IMAGE:-},snapshot=on
  local disks=("${LAB_DISKS[@]}")
  case $how in
    boot) disks+=("${LAB_OWN_DISKS[@]}") ;;
    save) scratch=$LAB_SAVING/scratch ;;
    resume)
      initrd=$LAB_MACHINE/initrd scratch=$LAB_MACHINE/scratch,snapshot=on
      disks+=("${LAB_OWN_DISKS[@]}")
      ;;
  esac
  [ "$how" = boot ] || lab_qemu_slots
  # Xen clears memory as everywhere: clones count on it, and dom0's kernel and initrd were in what it gives to domains.
  xen="console=com1 com1=115200 dom0_mem=${LAB_DOM0_MEMORY}M,max:${LAB_DOM0_MEMORY}M loglvl=warning guest_loglvl=warning"
  # A change of domain costs TCG all it has translated addresses for. On the wall clock, which measures nothing, domains keep the CPU 20 ms
  # where Xen's default is 1 ms: ten containers at once take 41 s in place of 188 s. The instruction clock has Xen as it is.
  [ "$LAB_CLOCK" = instructions ] || xen+=" sched_ratelimit_us=20000"
  # With qemu64 Xen finds SVM and nested paging. A richer model brings intercepts that TCG gets wrong.
  cpu=qemu64,+svm,+npt
  # A TSC that keeps its pace, as hosts have: without, Xen traps each of a guest's reads, two thirds of its exits. It does keep it under TCG,
  # which only does not say so. The instruction clock keeps the machine that its older figures were measured on.
  [ "$LAB_CLOCK" = instructions ] || cpu+=,+invtsc,x-force-features=on
  # A Xen or a dom0 that crashes reboots, which ends QEMU: better a lab that is gone than one that hangs.
  linux="console=hvc0 quiet panic=1 mitigations=off init_on_alloc=0 lab.clock=$LAB_CLOCK"
  arguments=(
    -name "thaw-lab-$LAB_NAME" -nodefaults -no-user-config -display none -vga none -no-reboot
    -cpu "$cpu" -m "$LAB_MEMORY"
    -kernel "$LAB_IMAGE/xen" -append "$xen" -initrd "$LAB_IMAGE/vmlinuz $linux,$initrd"
    -chardev "socket,id=console,path=$dir/console.sock,server=on,wait=off,logfile=$dir/console.log,logappend=on" -serial chardev:console
    -monitor "unix:$dir/monitor.sock,server=on,wait=off" -qmp "unix:$dir/qmp.sock,server=on,wait=off"
    # The kernel picks the port: labs side by side never fight over one. Nothing in dom0 reaches the outside.
    -netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:22" -device virtio-net-pci,netdev=net,romfile=
    -device virtio-rng-pci
  )
  # One thread and, unless asked otherwise, one vCPU: whatever makes QEMU leave a guest between its entry and its next exit, a second vCPU
  # above all, can deliver an injected interrupt twice to a PVH guest (docs/lab.md).
  if [ "$LAB_CLOCK" = instructions ]; then
    arguments+=(-accel "tcg,thread=single,tb-size=$LAB_TB_SIZE" -icount shift=0,sleep=off -rtc base=utc,clock=vm -smp 1)
  else
    arguments+=(-accel "tcg,thread=single,tb-size=$LAB_TB_SIZE" -smp "$LAB_VCPUS")
    arguments+=(-drive "if=none,id=scratch,file=$scratch,format=raw,cache=unsafe,discard=unmap"
      -device virtio-blk-pci,drive=scratch,serial=scratch)
  fi
  for entry in "${disks[@]}"; do
    arguments+=(-drive "if=none,id=${entry%%=*},file=${entry#*=},format=raw,readonly=on"
      -device "virtio-blk-pci,drive=${entry%%=*},serial=${entry%%=*}")
  done
  [ "$how" != resume ] || arguments+=(-incoming "file:$LAB_MACHINE/state")
  # Words for QEMU alone, as scripts/profile has them.
  # shellcheck disable=SC2206
  arguments+=(${THAW_LAB_QEMU:-})
}

# Adds empty disks to the caller's "disks" until a saved machine's are complete.
lab_qemu_slots() {
  local empty=$THAW_CACHE/scratch/empty-$LAB_SLOT_MIB count=$((${#LAB_DISKS[@]} + LAB_SLOTS))
  [ -f "$empty" ] || truncate -s "${LAB_SLOT_MIB}M" "$empty"
  while [ "${#disks[@]}" -lt "$count" ]; do disks+=("empty-${#disks[@]}=$empty"); done
}

# lab_monitor DIR COMMAND: prints what QEMU's monitor answers.
lab_monitor() { printf '%s\n' "$2" | socat -t 5 - "UNIX-CONNECT:$1/monitor.sock"; }

# lab_qemu_reset DIR: resets the machine; a reset at any other time ends QEMU. dom0 is not warned: what it had not written to its disks is gone, as
# after a power cut.
lab_qemu_reset() {
  {
    printf '%s\n' '{"execute":"qmp_capabilities"}' '{"execute":"set-action","arguments":{"reboot":"reset"}}' '{"execute":"system_reset"}'
    sleep 1
    printf '%s\n' '{"execute":"set-action","arguments":{"reboot":"shutdown"}}'
  } | socat -t 2 - "UNIX-CONNECT:$1/qmp.sock" | grep -c '"return"' | grep -qx 4
}

# lab_qemu_port DIR: the loopback port that leads to dom0's sshd; 1 while QEMU does not say it.
lab_qemu_port() {
  local port
  port=$(lab_monitor "$1" 'info usernet' 2>/dev/null | awk '/TCP\[HOST_FORWARD\]/ { print $4; exit }')
  case $port in
    '' | *[!0-9]*) return 1 ;;
  esac
  printf '%s\n' "$port"
}
