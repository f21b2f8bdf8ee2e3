# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Does the work of each verb, one function per verb; options are in LAB_* already.

lab_no_words() { [ "$#" = 0 ] || lab_usage_error "Unexpected word: $1"; }

lab_verb_build() {
  lab_no_words "$@"
  lab_image
}

lab_verb_up() {
  lab_no_words "$@"
  if [ "$LAB_CLOCK" = instructions ]; then
    [ -z "$LAB_JOURNAL" ] || lab_usage_error 'Option --journal is for disks: with --clock instructions they are in memory'
    [ "$LAB_VCPUS" = 1 ] || lab_usage_error "Option --vcpus must be 1 with --clock instructions: $LAB_VCPUS is not"
    : "${LAB_DOM0_MEMORY:=3072}"
  fi
  : "${LAB_DOM0_MEMORY:=2048}"
  [ "$LAB_DOM0_MEMORY" -le $((LAB_MEMORY - 384)) ] ||
    lab_usage_error "Option --dom0-memory must leave 384 MiB of the machine's $LAB_MEMORY to Xen and the guests: $LAB_DOM0_MEMORY does not"
  lab_up
}

lab_verb_down() {
  local name
  lab_no_words "$@"
  if [ -n "$LAB_ALL" ]; then
    for name in $(lab_names); do lab_exclusive lab_remove "$name"; done
  else
    lab_exclusive lab_remove "$LAB_NAME"
  fi
}

# Without --name a table of all labs; with it that lab's details.
lab_verb_status() {
  local name state dir
  lab_no_words "$@"
  for name in $(lab_names); do
    [ "$(lab_state "$name")" != dead ] || lab_reap "$name"
  done
  if [ -z "$LAB_NAMED" ]; then
    for name in $(lab_names); do printf '%s %s\n' "$name" "$(lab_state "$name")"; done
    return 0
  fi
  state=$(lab_state "$LAB_NAME")
  # A QEMU that ended since then.
  if [ "$state" = dead ]; then
    lab_reap "$LAB_NAME"
    state=none
  fi
  printf '%s %s\n' "$LAB_NAME" "$state"
  [ "$state" = running ] || return 1
  dir=$(lab_dir "$LAB_NAME")
  printf 'pid %s\n' "$(lab_pid "$LAB_NAME")"
  cat "$dir/ready"
}

lab_verb_cut() {
  lab_no_words "$@"
  lab_need_running "$LAB_NAME"
  grep -qx journal "$(lab_dir "$LAB_NAME")/ready" ||
    die "Cannot cut the power of lab \"$LAB_NAME\": its disk would be damaged; start it with --journal"
  lab_up_again "$LAB_NAME"
}

lab_verb_exec() {
  [ "$#" -gt 0 ] || lab_usage_error 'exec needs a command'
  lab_need_running "$LAB_NAME"
  lab_exec "$LAB_NAME" "$LAB_TTY" "$@"
}

lab_verb_cp() {
  [ "$#" = 2 ] || lab_usage_error 'cp needs a source and a destination'
  case $1,$2 in
    dom0:*,dom0:*) lab_usage_error 'Cannot copy: both ends are in dom0' ;;
    dom0:*,* | *,dom0:*) ;;
    *) lab_usage_error 'Cannot copy: neither end begins with dom0:' ;;
  esac
  lab_need_running "$LAB_NAME"
  lab_copy "$LAB_NAME" "$1" "$2"
}

lab_verb_console() {
  lab_no_words "$@"
  [ -t 0 ] || lab_usage_error 'console needs a terminal; scripts/lab logs prints what was said'
  # A lab that hangs in its start is a reason to look at its console.
  [ "$(lab_state "$LAB_NAME")" = starting ] || lab_need_running "$LAB_NAME"
  say 'Ctrl-] leaves the console; Ctrl-A three times switches between dom0 and Xen'
  socat 'STDIO,raw,echo=0,escape=0x1d' "UNIX-CONNECT:$(lab_dir "$LAB_NAME")/console.sock"
}

lab_verb_logs() {
  local what=${1:-console}
  [ "$#" -le 2 ] || lab_usage_error "Unexpected word: $3"
  [ "$what" = guest ] || [ "$#" -le 1 ] || lab_usage_error "Unexpected word: $2"
  if [ "$what" = console ] && [ "$(lab_state "$LAB_NAME")" = starting ]; then
    cat "$(lab_dir "$LAB_NAME")/console.log"
    return
  fi
  lab_need_running "$LAB_NAME"
  case $what in
    console) cat "$(lab_dir "$LAB_NAME")/console.log" ;;
    xen) lab_exec "$LAB_NAME" '' xl dmesg ;;
    thawd) lab_exec "$LAB_NAME" '' cat /var/log/thaw/thawd.log ;;
    guest)
      [ "$#" = 2 ] || lab_usage_error 'logs guest needs the name of a domain'
      lab_exec "$LAB_NAME" '' cat "/var/log/xen/console/guest-$2.log"
      ;;
    *) lab_usage_error "Unknown log: $what (console, xen, thawd or guest DOMAIN)" ;;
  esac
}
