#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Does scripts/lab keep its promises? Runs real labs (about five minutes on two cores, 5 GB of memory) and prints one line a test, then
# "N passed, N failed", with "== GROUP" before each group. Give a part of a group's name (usage, pair, exec, copy, crash, machine, clock) to run only that.
set -uo pipefail
# Jobs in groups of their own: Ctrl-C can be played on one of them.
set -m
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lab=$root/scripts/lab
work=$(mktemp -d)
a=t$$-a b=t$$-b
small=(--memory 1536 --dom0-memory 768 --vcpus 1 --scratch 1024)
passed=0 failed=0

end() {
  "$lab" down --name "$a"
  "$lab" down --name "$b"
  rm -rf "$work"
}
trap end EXIT

# check TITLE COMMAND...: one test, passed when the command succeeds.
check() {
  local title=$1
  shift
  if "$@" >"$work/said" 2>&1; then
    passed=$((passed + 1))
    printf 'ok   %s\n' "$title"
  else
    failed=$((failed + 1))
    printf 'FAIL %s\n' "$title"
    head -n 20 "$work/said" | sed 's/^/     /'
  fi
}

# status WANTED COMMAND...: does it end with that exit status?
status() {
  local wanted=$1 got=0
  shift
  "$@" || got=$?
  [ "$got" = "$wanted" ] || { echo "exit status $got, wanted $wanted" && false; }
}

# same WANTED COMMAND...: does it print exactly that?
same() {
  local wanted=$1 got
  shift
  got=$("$@")
  [ "$got" = "$wanted" ] || { printf 'printed: %s\nwanted:  %s\n' "$got" "$wanted" && false; }
}

until_true() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 0.2
  done
}

run_folder() { if [ "$(id -u)" = 0 ]; then echo /run/thaw-lab; else echo "${XDG_RUNTIME_DIR:-/tmp/thaw-lab-$(id -u)}/thaw-lab"; fi; }
run_dir() { printf '%s/%s\n' "$(run_folder)" "$1"; }

# gone NAME: no folder, no process of that lab (QEMU, ssh), no temporary disk.
gone() {
  [ ! -e "$(run_dir "$1")" ] || { ls -la "$(run_dir "$1")" && return 1; }
  until_true 10 no_process "$(run_dir "$1")" || { pgrep -af -- "$(run_dir "$1")" && return 1; }
  [ ! -e "$(scratch_folder "$1")" ] || { ls -la "$(scratch_folder "$1")" && return 1; }
}
no_process() { ! pgrep -f -- "$1/" >/dev/null; }
# Where QEMU's temporary disks have a name, which it unlinks at once unless it is ended before.
scratch_folder() { printf '%s/scratch/of-%s\n' "${THAW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/thaw}" "$1"; }

qemu_pid() { cat "$(run_dir "$1")/qemu.pid"; }

group_usage() {
  check 'no verb is wrong usage' status 2 "$lab"
  check 'an unknown verb is wrong usage' status 2 "$lab" fly
  check 'an unknown option is wrong usage' status 2 "$lab" up --fly
  check 'a memory that is no number is wrong usage' status 2 "$lab" up --memory lots
  check 'a dom0 bigger than the machine is wrong usage' status 2 "$lab" up --memory 1024 --dom0-memory 1024
  check 'a name with a slash is wrong usage' status 2 "$lab" up --name ../x
  check 'an unknown clock is wrong usage' status 2 "$lab" up --clock sun
  check 'two CPUs under the instruction clock are wrong usage' status 2 "$lab" up --clock instructions --vcpus 2
  check 'a disk without a folder is wrong usage' status 2 "$lab" up --disk "x=$work/none"
  check 'exec without a command is wrong usage' status 2 "$lab" exec --
  check 'cp between two places of the host is wrong usage' status 2 "$lab" cp /etc/hosts /tmp/x
  check 'a package that is not there is wrong usage' status 2 "$lab" up --install "$work/none.deb"
  check '--help prints examples' grep -q 'scripts/lab exec -- xl info' <("$lab" --help)
  check 'exec on a lab that does not run fails' status 1 "$lab" exec --name "$a" -- true
  check 'status of a lab that does not run is 1' status 1 "$lab" status --name "$a"
  check 'down of a lab that does not run is fine' status 0 "$lab" down --name "$a"
}
group_pair() {
  local pids
  mkdir -p "$work/tree/usr/sbin" "$work/tree/usr/bin" "$work/folder" "$work/package/DEBIAN" "$work/package/usr/share/doc/small"
  printf '%s\n' 'Package: small' 'Version: 1' 'Architecture: all' 'Maintainer: lab' 'Description: small' >"$work/package/DEBIAN/control"
  echo whole >"$work/package/usr/share/doc/small/file"
  dpkg-deb --root-owner-group -b "$work/package" "$work/small.deb" >/dev/null
  printf '#!/bin/sh\necho thawd runs as $$\nsleep 5\n: >/run/answers\nexec sleep 100000\n' >"$work/tree/usr/sbin/thawd"
  printf '#!/bin/sh\n[ -e /run/answers ]\n' >"$work/tree/usr/bin/thaw"
  chmod 755 "$work/tree/usr/sbin/thawd" "$work/tree/usr/bin/thaw"
  echo packed >"$work/folder/file"
  "$lab" up --name "$a" "${small[@]}" --install "$work/tree" --disk "data=$work/folder" 2>"$work/up-a" &
  pids=$!
  "$lab" up --name "$b" "${small[@]}" --vcpus 2 --install "$work/small.deb" 2>"$work/up-b" &
  check 'two labs start side by side' both "$pids" "$!"
  sed 's/^/     /' "$work/up-a" "$work/up-b"
  check 'each answers as a Xen host' same 'Domain-0' "$lab" exec --name "$a" -- sh -c "xl list | awk 'NR == 2 { print \$1 }'"
  check 'both go on from a machine that was saved' resumed "$a" "$b"
  check "its clock is the host's" on_time "$a"
  check "and its machine-id is its own" differ "$a" "$b" /etc/machine-id
  check 'a second start of the same name fails' status 1 "$lab" up --name "$a"
  check 'and leaves the first alone' status 0 "$lab" exec --name "$a" -- true
  "$lab" exec --name "$a" -- sh -c 'echo mine >/root/mine'
  check 'a file of one is not in the other' status 1 "$lab" exec --name "$b" -- test -e /root/mine
  check 'status lists both' same "$(printf '%s running\n%s running' "$a" "$b")" own_labs
  check 'status of one says what runs in it' grep -q '^xen-hypervisor-' <("$lab" status --name "$a")
  check 'thawd of --install is started' grep -q 'thawd runs' <("$lab" logs --name "$a" thawd)
  check 'and answers when up returns' status 0 "$lab" exec --name "$a" -- test -e /run/answers
  check '--vcpus is what Xen has' same 2 "$lab" exec --name "$b" -- sh -c "xl info | sed -n 's/^nr_cpus *: //p'"
  check 'a package of --install is installed' same 'install ok installed' "$lab" exec --name "$b" -- dpkg-query -W -f '${Status}' small
  check 'and all of it' same '' "$lab" exec --name "$b" -- dpkg --verify small
  check '--disk is mounted' same packed "$lab" exec --name "$a" -- cat /mnt/data/file
  check 'and read-only' status 1 "$lab" exec --name "$a" -- touch /mnt/data/other
  check 'QEMU listens on loopback only' loopback_only "$(qemu_pid "$a")"
  check 'logs shows the console' grep -q 'lab: ready' <("$lab" logs --name "$a")
  check "logs xen shows the hypervisor's messages" grep -qi 'xen' <("$lab" logs --name "$a" xen)
  check 'the console is a shell, and Ctrl-] leaves it' console_talks "$a"
  "$lab" down --name "$b"
  check 'down leaves nothing' gone "$b"
  check 'and does not touch the other' status 0 "$lab" exec --name "$a" -- true
}
both() {
  local r=0
  wait "$1" || r=1
  wait "$2" || r=1
  cat "$work/up-a" "$work/up-b"
  return "$r"
}
# resumed NAME...: QEMU did not boot what runs.
resumed() {
  local name
  for name in "$@"; do tr '\0' '\n' <"/proc/$(qemu_pid "$name")/cmdline" | grep -qx -- -incoming || return 1; done
}
on_time() {
  local ahead
  ahead=$(($("$lab" exec --name "$1" -- date +%s) - $(date +%s)))
  [ "${ahead#-}" -le 30 ] || { echo "dom0 is $ahead s ahead" && false; }
}
differ() { fails same "$("$lab" exec --name "$1" -- cat "$3")" "$lab" exec --name "$2" -- cat "$3"; }
own_labs() { "$lab" status | grep "^t$$-"; }

# Every listening TCP socket among QEMU's files is bound to 127.0.0.1, and there is one.
loopback_only() {
  local inodes addresses
  inodes=$(find "/proc/$1/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n')
  addresses=$(awk 'NR == FNR { mine[$1]; next } $4 == "0A" && ($10 in mine) { sub(":.*", "", $2); print $2 }' <(printf '%s\n' "$inodes") <(cat /proc/net/tcp /proc/net/tcp6))
  [ "$addresses" = 0100007F ] || { echo "listens on: $addresses" && false; }
}

console_talks() {
  (
    sleep 2
    printf '\r'
    for _ in {1..20}; do
      sleep 2
      ! grep -aq '42-console' "$work/console" || break
      # Once more, where the shell was not there yet or a message came between.
      printf 'echo $((6 * 7))-console\r'
    done
    printf '\035'
    sleep 5
  ) | timeout 60 socat - "EXEC:'$lab console --name $1',pty,setsid,ctty,stderr" >"$work/console" 2>&1
  grep -aq '42-console' "$work/console" || { tail -c 2000 "$work/console" && false; }
}

fails() { ! "$@"; }

# Needs the lab that group_pair started, or starts it.
need_lab() { "$lab" status --name "$a" >/dev/null 2>&1 || "$lab" up --name "$a" "${small[@]}"; }

group_exec() {
  local code
  need_lab
  for code in 0 1 2 42 125 126 127 128 129 137 254 255; do
    check "exit status $code comes through" status "$code" "$lab" exec --name "$a" -- sh -c "exit $code"
  done
  check 'SIGTERM becomes 143' status 143 "$lab" exec --name "$a" -- sh -c 'kill -TERM $$'
  check 'SIGKILL becomes 137' status 137 "$lab" exec --name "$a" -- sh -c 'kill -KILL $$'
  check 'a command that does not exist is 127' status 127 "$lab" exec --name "$a" -- no-such-command
  check 'stdout is stdout' same out "$lab" exec --name "$a" -- sh -c 'echo out; echo err >&2'
  check 'stderr is stderr' same err stderr_of "$lab" exec --name "$a" -- sh -c 'echo out; echo err >&2'
  check 'a death by signal adds nothing to stderr' same '' stderr_of "$lab" exec --name "$a" -- sh -c 'kill -KILL $$'
  check 'words arrive unchanged' same "$(printf '[%s]' 'a b' '' "it's" '"$HOME"' '*' 'ä' '\' "$(printf 'two\nlines')" -x)" \
    "$lab" exec --name "$a" -- printf '[%s]' 'a b' '' "it's" '"$HOME"' '*' 'ä' '\' "$(printf 'two\nlines')" -x
  check 'an empty stdin ends' same '' "$lab" exec --name "$a" -- cat </dev/null
  check '20 MiB of random data come back unchanged' returns_bytes
  check '-t gives a terminal' grep -q '^/dev/pts/' <("$lab" exec -t --name "$a" -- tty </dev/null)
  check 'without -t there is none' status 1 "$lab" exec --name "$a" -- tty -s
  check 'ten at once' ten_at_once
  check 'without the kept connection commands still run' without_master
}
stderr_of() { "$@" 2>&1 >/dev/null || true; }
returns_bytes() {
  local sent
  head -c 20971520 /dev/urandom >"$work/random"
  sent=$(sha256sum <"$work/random")
  same "$sent" eval "'$lab' exec --name '$a' -- cat <'$work/random' | sha256sum"
}
ten_at_once() {
  local n pids=()
  for n in 0 1 2 3 4 5 6 7 8 9; do
    status "$n" "$lab" exec --name "$a" -- sh -c "sleep 1; exit $n" &
    pids+=("$!")
  done
  for n in "${pids[@]}"; do wait "$n" || return 1; done
}
without_master() {
  ssh -F "$(run_dir "$a")/ssh_config" -O exit lab 2>/dev/null
  status 3 "$lab" exec --name "$a" -- sh -c 'exit 3'
}

group_copy() {
  need_lab
  mkdir -p "$work/in/sub"
  head -c 300000 /dev/urandom >"$work/in/sub/data"
  : >"$work/in/empty"
  ln -s sub/data "$work/in/link"
  chmod 640 "$work/in/sub/data"
  check 'a folder goes in' status 0 "$lab" cp --name "$a" "$work/in" dom0:/tmp/copied
  check 'and comes back' status 0 "$lab" cp --name "$a" dom0:/tmp/copied "$work/out"
  check 'unchanged, modes and links included' same "$(listing "$work/in")" listing "$work/out"
  check 'into an existing folder a folder goes by its name' copies_into
  check 'a file goes in under a new name' status 0 "$lab" cp --name "$a" "$work/in/sub/data" dom0:/tmp/renamed
  check 'with its content' same "$(sha256sum <"$work/in/sub/data")" "$lab" exec --name "$a" -- sh -c 'sha256sum </tmp/renamed'
  check 'a file comes out into a folder' status 0 "$lab" cp --name "$a" dom0:/tmp/renamed "$work/in/"
  check 'under its own name' test -f "$work/in/renamed"
  check 'a source that is not there fails' status 1 "$lab" cp --name "$a" "$work/none" dom0:/tmp/
  check 'also in dom0' status 1 "$lab" cp --name "$a" dom0:/none "$work/"
  check 'a target folder that is not there fails' status 1 "$lab" cp --name "$a" "$work/in/empty" dom0:/no/where
}
listing() { (cd "$1" && find . ! -type d -printf '%p %y %m %l\n' | sort && find . -type f -exec sha256sum {} + | sort); }
copies_into() {
  "$lab" cp --name "$a" "$work/in" dom0:/tmp/copied && same data "$lab" exec --name "$a" -- ls /tmp/copied/in/sub
}

group_crash() {
  need_lab
  check 'a dom0 that panics ends exec' fails "$lab" exec --name "$a" -- sh -c 'echo c >/proc/sysrq-trigger'
  check 'its lab is then gone' until_true 60 status 1 "$lab" status --name "$a"
  check 'and leaves nothing' gone "$a"
  need_lab
  kill -KILL "$(qemu_pid "$a")"
  until_true 60 status 1 "$lab" status --name "$a" >/dev/null 2>&1
  check 'a killed QEMU leaves nothing' gone "$a"
  check 'exec then says that the lab does not run' grep -q 'not running' <(stderr_of "$lab" exec --name "$a" -- true)
  check 'Ctrl-C in the middle of up ends with 130' interrupted INT 130
  check 'and leaves nothing' gone "$b"
  check 'Ctrl-C while up connects to dom0 ends with 130' interrupted INT 130 ssh_config
  check 'and leaves nothing then' gone "$b"
  check 'SIGTERM in the middle of up ends with 143' interrupted TERM 143
  check 'and leaves nothing' gone "$b"
  check 'up is killed' interrupted KILL 137
  check 'its QEMU is gone after the next status' status 1 "$lab" status --name "$b"
  check 'and nothing is left' gone "$b"
  mkdir -p "$work/broken/usr/sbin" "$work/broken/usr/bin"
  printf '#!/bin/sh\necho no disks today\nexit 1\n' >"$work/broken/usr/sbin/thawd"
  printf '#!/bin/sh\nexit 125\n' >"$work/broken/usr/bin/thaw"
  chmod 755 "$work/broken/usr/sbin/thawd" "$work/broken/usr/bin/thaw"
  check 'a thawd that ends fails the start' status 1 up_broken
  check 'and its log says why' grep -q 'no disks today' "$work/up-b"
  check 'and leaves nothing' gone "$b"
  check 'a dom0 that is late fails the start' status 1 "$lab" up --name "$b" "${small[@]}" --boot --deadline 1
  check 'and leaves nothing' gone "$b"
}
up_broken() { "$lab" up --name "$b" "${small[@]}" --install "$work/broken" 2>"$work/up-b"; }
# interrupted SIGNAL WANTED [FILE]: plays the signal on a start whose QEMU runs, or that has written FILE of the lab's folder. Whoever started
# this suite in the background may ignore SIGINT.
interrupted() {
  local pid
  env --default-signal=INT "$lab" up --name "$b" "${small[@]}" &
  pid=$!
  until_true 60 test -s "$(run_dir "$b")/${3:-qemu.pid}" || return 1
  kill "-$1" -- "-$pid"
  status "$2" wait "$pid"
}

# Machines of this test alone, in a cache that has only the images of the other.
group_machine() {
  local cache saved
  "$lab" down --name "$b"
  cache=${THAW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/thaw}
  mkdir -p "$work/cache"
  ln -s "$cache/dom0" "$work/cache/dom0"
  check 'a lab whose machine is not saved yet starts' status 0 on_own_cache "$lab" up --name "$b" "${small[@]}"
  saved=$(echo "$work"/cache/machines/*)
  check 'and its machine is saved' test -s "$saved/state"
  check 'for nobody but its user' same 700 stat -c %a "$saved"
  check 'and was resumed' resumed "$b"
  "$lab" exec --name "$b" -- sh -c 'echo first >/root/first; echo first >/tmp/first'
  "$lab" down --name "$b"
  check 'another goes on from the same one' status 0 on_own_cache "$lab" up --name "$b" "${small[@]}"
  check 'which knows nothing of the first' status 2 "$lab" exec --name "$b" -- ls /root/first /tmp/first
  "$lab" down --name "$b"
  head -c 100000 /dev/urandom >"$saved/state"
  check 'a damaged one fails the start' status 1 on_own_cache "$lab" up --name "$b" "${small[@]}"
  check 'and is removed' fails test -e "$saved"
  check 'so is what the start left' on_own_cache gone "$b"
  check 'up is killed while its machine boots to be saved' on_own_cache interrupted KILL 137
  check 'the next status ends that QEMU' status 1 on_own_cache "$lab" status --name "$b"
  check 'nothing of the lab is left' on_own_cache gone "$b"
  check 'and no machine is saved' fails test -e "$saved"
  check '--boot boots' status 0 on_own_cache "$lab" up --name "$b" "${small[@]}" --boot
  check 'without a saved machine' fails resumed "$b"
  check 'and saves none' fails test -e "$saved"
  "$lab" down --name "$b"
}
on_own_cache() { THAW_CACHE=$work/cache "$@"; }

group_clock() {
  "$lab" down --name "$b"
  check 'a lab with the instruction clock starts' status 0 "$lab" up --name "$b" --clock instructions --memory 3072 --dom0-memory 2048
  check 'its root is in RAM' same tmpfs "$lab" exec --name "$b" -- stat -f -c %T /scratch
  check 'it has one CPU' same 1 "$lab" exec --name "$b" -- nproc
  check 'its clock counts instructions' counts_instructions
  "$lab" down --name "$b"
  check 'down leaves nothing' gone "$b"
}
# A second of waiting costs no second: time jumps while nothing runs.
counts_instructions() {
  local started=$SECONDS
  "$lab" exec --name "$b" -- sleep 600 && [ $((SECONDS - started)) -lt 60 ]
}

for group in usage pair exec copy crash machine clock; do
  case $group in *"${1:-}"*)
    printf '== %s\n' "$group"
    "group_$group"
    ;;
  esac
done
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
