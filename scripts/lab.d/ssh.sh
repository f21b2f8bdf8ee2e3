# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How do commands and files get into dom0 and back? By ssh to a loopback port, with keys and known hosts of this lab alone.

# lab_keys DIR: makes the client's and the host's key.
lab_keys() {
  ssh-keygen -q -t ed25519 -N '' -C lab -f "$1/key"
  ssh-keygen -q -t ed25519 -N '' -C lab -f "$1/host_key"
  printf 'lab %s\n' "$(cut -d' ' -f1,2 "$1/host_key.pub")" >"$1/known_hosts"
}

# lab_ssh_config DIR PORT
lab_ssh_config() {
  # A lab that has lost its timer interrupt goes on at the next packet (docs/lab.md). On the instruction clock a packet changes what is measured.
  local alive=5
  [ "$LAB_CLOCK" = wall ] || alive=0
  cat >"$1/ssh_config" <<END
Host lab
  HostName 127.0.0.1
  Port $2
  User root
  HostKeyAlias lab
  IdentityFile $1/key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $1/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  PasswordAuthentication no
  ControlPath $1/ssh.sock
  ControlMaster no
  TCPKeepAlive no
  ServerAliveInterval $alive
  ServerAliveCountMax 100000
  LogLevel ERROR
END
}

# One connection is kept open, so that a command costs no key exchange. It ends with QEMU. Without it each command connects by itself.
lab_ssh_master() { ssh -F "$1/ssh_config" -o ConnectTimeout=60 -o ControlMaster=yes -o ControlPersist=yes -N -f lab </dev/null >/dev/null 2>&1; }

# lab_quote WORD...: the words for a POSIX shell.
lab_quote() {
  local word quoted=
  for word in "$@"; do
    quoted+=" '${word//\'/\'\\\'\'}'"
  done
  printf '%s' "${quoted# }"
}

# lab_exec NAME TTY CMD...: becomes ssh, so call it last or in a subshell. stdin, stdout, stderr and the exit status are the command's own
# (128+n when signal n ended it).
lab_exec() {
  local dir tty=$2 command options=(-T)
  dir=$(lab_dir "$1")
  shift 2
  [ -z "$tty" ] || options=(-tt)
  # dom0's shell must stay to turn a signal into 128+n, which ssh itself would report as 255, and must not remark on it.
  command="exec 3>&2 2>/dev/null; $(lab_quote "$@") 2>&3 3>&-; exit \$?"
  exec ssh -F "$dir/ssh_config" "${options[@]}" lab "$command"
}

# lab_copy NAME SRC DST: one of them begins with dom0:. As cp -a: into DST when that is a folder, else under that name.
lab_copy() {
  local name=$1 src=$2 dst=$3
  case $dst in
    dom0:*) lab_copy_in "$name" "$src" "${dst#dom0:}" ;;
    *) lab_copy_out "$name" "${src#dom0:}" "$dst" ;;
  esac
}

# Receives a tar stream with one top entry in a new folder beside the target, then moves it into place.
LAB_RECEIVE='set -e
dst=$1 base=$2
case $dst in "") dst=. ;; esac
if [ -d "$dst" ]; then target=$dst/$base; else case $dst in */) echo "no such folder: $dst" >&2; exit 1 ;; esac; target=$dst; fi
parent=$(dirname -- "$target")
work=$(mktemp -d -- "$parent/.lab-cp.XXXXXX")
trap "rm -rf \"\$work\"" EXIT
tar -C "$work" --numeric-owner -xpf -
entry=$(ls -A "$work")
if [ -d "$work/$entry" ] && [ ! -L "$work/$entry" ] && [ -d "$target" ]; then cp -a -- "$work/$entry/." "$target/"; else mv -fT -- "$work/$entry" "$target"; fi'
LAB_SEND='tar -C "$1" --numeric-owner -cf - -- "$2"'

lab_copy_in() {
  local parent base
  [ -e "$2" ] || [ -L "$2" ] || die "Cannot copy $2: no such file or folder"
  lab_split "$2"
  tar -C "$parent" --numeric-owner -cf - -- "$base" | (lab_exec "$1" '' sh -c "$LAB_RECEIVE" sh "$3" "$base") ||
    die "Cannot copy $2 to dom0:$3"
}

lab_copy_out() {
  local parent base
  lab_split "$2"
  (lab_exec "$1" '' sh -c "$LAB_SEND" sh "$parent" "$base" </dev/null) | sh -c "$LAB_RECEIVE" sh "$3" "$base" ||
    die "Cannot copy dom0:$2 to $3"
}

# Sets parent and base of a path in the caller. A path that ends in / or /. means the folder itself.
lab_split() {
  local path=$1
  while [ "$path" != / ] && [ "${path%/}" != "$path" ]; do path=${path%/}; done
  base=$(basename -- "$path")
  parent=$(dirname -- "$path")
}
