# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which labs are there, and is one alive? Each has a run-time folder with two locks, which the kernel drops when their holder dies, however
# it dies: "alive" is held by QEMU, "starting" by `lab up`. So a killed QEMU or a killed `up` is seen by the next verb, which cleans up.

if [ "$(id -u)" = 0 ]; then
  LAB_RUN=/run/thaw-lab
else
  LAB_RUN=${XDG_RUNTIME_DIR:-/tmp/thaw-lab-$(id -u)}/thaw-lab
fi

lab_dir() { printf '%s/%s\n' "$LAB_RUN" "$1"; }

# lab_locked FILE: is its lock held by its owner? Askers share the lock, so that they do not take each other for the owner.
lab_locked() { [ -e "$1" ] && ! flock -n -s "$1" true; }

# lab_state NAME: none, starting, running, or dead (a folder whose processes are gone or whose start was cut off).
lab_state() {
  local dir
  dir=$(lab_dir "$1")
  if [ ! -d "$dir" ]; then
    echo none
  elif lab_locked "$dir/starting"; then
    echo starting
  elif [ -e "$dir/ready" ] && lab_locked "$dir/alive"; then
    echo running
  else
    echo dead
  fi
}

# Short sections that create or remove run-time folders exclude each other.
lab_exclusive() {
  mkdir -p -m 700 "$LAB_RUN"
  (
    flock 7
    "$@" 7>&-
  ) 7>"$LAB_RUN/.lock"
}

# lab_reap NAME: removes what a dead lab left; says what its last words were.
lab_reap() { lab_exclusive lab_reap_locked "$1"; }
lab_reap_locked() {
  [ "$(lab_state "$1")" = dead ] || return 0
  say "Lab \"$1\" died; removing what it left. Its last words:"
  tail -n 30 "$(lab_dir "$1")/console.log" 2>/dev/null | tr -d '\r' | cut -c1-300 | sed 's/^/    /' >&2
  lab_remove "$1"
}

# lab_remove NAME: ends this lab's QEMU, and nothing else, and removes the run-time folder. Safe to call twice.
lab_remove() {
  local dir pid
  dir=$(lab_dir "$1")
  [ -d "$dir" ] || return 0
  if pid=$(lab_pid "$1"); then
    kill -TERM "$pid" 2>/dev/null
    flock -w 5 "$dir/alive" true || { pid=$(lab_pid "$1") && kill -KILL "$pid" && flock -w 10 "$dir/alive" true; }
  fi
  [ ! -L "$dir/scratch" ] || rm -rf "$(readlink "$dir/scratch")"
  rm -rf "$dir"
}

# lab_pid NAME: QEMU's pid. While the lock is held QEMU lives, so the pid cannot be somebody else's; its command line is checked as well.
lab_pid() {
  local dir pid
  dir=$(lab_dir "$1")
  lab_locked "$dir/alive" && read -r pid 2>/dev/null <"$dir/qemu.pid" &&
    tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "thaw-lab-$1" && printf '%s\n' "$pid"
}

lab_names() { find "$LAB_RUN" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null | sort; }

# lab_need_running NAME: for verbs that talk to a dom0.
lab_need_running() {
  local state
  state=$(lab_state "$1")
  case $state in
    running) return 0 ;;
    starting) die "Cannot use lab \"$1\": it is still starting" ;;
    dead) lab_reap "$1" ;;
  esac
  die "Cannot use lab \"$1\": it is not running; start it with: scripts/lab up --name $1"
}
