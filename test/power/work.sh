#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs in a dom0 until its power is cut: work.sh ROUND. Prints "try VERB NAME" before a command and "did VERB NAME" once thaw has acknowledged it.
# Few containers stay, so that all fit into the machine at once.
round=$1
image=oci:/mnt/images/busybox:latest

try() {
  verb=$1 name=$2
  shift 2
  echo "try $verb $name"
  "$@" >/dev/null 2>>/var/log/thaw/work.log && echo "did $verb $name"
}

n=0
while :; do
  n=$((n + 1))
  up=up-$round-$n
  try run "$up" thaw run -d --name "$up" --restart always --memory 64m "$image" sleep 100000
  try write "$up" thaw exec "$up" sh -c 'echo kept >/kept && sync'
  try create "still-$round-$n" thaw create --name "still-$round-$n" "$image" true
  try volume "v-$round-$n" thaw volume create "v-$round-$n"
  try network "n-$round-$n" thaw network create "n-$round-$n"
  try stop "$up" thaw stop --time 0 "$up"
  [ $((n % 2)) = 0 ] || try start "$up" thaw start "$up"
  [ "$n" -lt 3 ] || try rm "up-$round-$((n - 2))" thaw rm --force "up-$round-$((n - 2))"
done
