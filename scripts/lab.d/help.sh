# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How is the lab used? The help text, and the end of a wrong call.

lab_help() {
  cat <<'END'
Usage: scripts/lab VERB [--name NAME] [OPTION...]

A real Xen host on any machine: Xen and a Debian dom0 in QEMU, without KVM.

  build                 builds the dom0 image, or finds it in the cache
  up                    starts a lab; returns when its dom0 answers, and thawd where --install brings it
  down                  ends it (--all: every lab); nothing of it stays
  cut                   cuts the power of a dom0 with --journal, and returns when it has booted again from what its disks hold
  status                lists the labs, or says how the one given by --name does; 1 when it does not run
  exec [-t] -- CMD...   runs CMD in dom0: stdin, stdout, stderr and exit status are its own; -t gives it a terminal
  cp SRC dom0:DST       copies a file or folder into dom0; cp dom0:SRC DST gets one out
  console               the serial console (Ctrl-] leaves)
  logs [xen|thawd|guest DOMAIN]
                        the console's log, Xen's messages, thawd's log, a guest's console

  --name NAME           which lab (lab); several run side by side

Options of up:
  --memory MIB          the machine's memory (6144)
  --dom0-memory MIB     dom0's share of it (2048; 3072 with the instruction clock, whose disks are in RAM)
  --vcpus N             the machine's CPUs (1, which --clock instructions wants; with more, PVH guests crash now and then: docs/lab.md)
  --clock wall|instructions
                        what drives the machine's clock (wall); instructions: 1 ns for each instruction, whatever the host does
  --install FILE.deb    a Debian package that dom0 installs; its thawd is started and waited for
  --install DIR         a tree that is laid over dom0's root instead (usr/bin/thaw, usr/sbin/thawd, ...)
  --disk LABEL=DIR      packs a folder into a read-only disk that dom0 mounts at /mnt/LABEL; may be given several times
  --scratch MIB         size of dom0's writable layer, gone with the lab (8192; in RAM with the instruction clock)
  --journal             gives the writable layer a journal, so that cut does not damage it
  --boot                boots, where a lab would else go on from a machine that booted before and was saved
  --deadline SECONDS    how long dom0 may take to answer, and then thawd (300)

Examples:
  scripts/lab up --install build/package/thaw.deb
  scripts/lab exec -- xl info
  echo data | scripts/lab exec -- cat
  scripts/lab exec -t -- bash
  scripts/lab cp ./image.tar dom0:/tmp/
  scripts/lab cp dom0:/var/log/xen ./logs
  scripts/lab up --name bench --clock instructions --disk tests=./dist
  scripts/lab logs --name bench guest web
  scripts/lab down --all

Exit status: the command's own for exec (255 also when the connection breaks), 0 for success, 1 for failure, 2 for wrong usage.
END
}

lab_usage_error() {
  printf 'lab: %s\n' "$*" >&2
  printf 'Try: scripts/lab --help\n' >&2
  exit 2
}
