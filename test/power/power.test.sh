#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Is what thaw acknowledged still there after a power cut? Works in a lab's dom0 (work.sh), cuts its power, boots it again from its disk, and
# compares. Every other cut comes at a random moment; the others come when thaw has just acknowledged a command, which no later sync covers then.
# A cut a test; THAW_CUTS says how many (12; 200 with --long). Prints "N passed, N failed" at its end.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
lab=$root/scripts/lab
name=p$$
work=$(mktemp -d)
cuts=${THAW_CUTS:-${THAW_TEST_LONG:+200}}
cuts=${cuts:-12}
# The same seed gives the same moments.
seed=${THAW_CUTS_SEED:-$$}
RANDOM=$seed
passed=0 failed=0
verbs=(run create stop start rm volume network write)

end() {
  "$lab" down --name "$name"
  rm -rf "$work"
}
trap end EXIT

dom0() { "$lab" exec --name "$name" -- "$@" </dev/null; }

# expected SAID: prints NAME STATE WRITTEN for each thing that work.sh was told of. The last command may have been cut: its name is left out.
expected() {
  awk '$1 == "try" { pending = $2 == "write" ? "" : $3; next }
    { pending = "" }
    $2 == "run" || $2 == "start" { state[$3] = "up" }
    $2 == "stop" || $2 == "create" { state[$3] = "down" }
    $2 == "write" { written[$3] = 1 }
    $2 == "volume" || $2 == "network" { state[$3] = $2 }
    $2 == "rm" { state[$3] = "gone" }
    END { for (name in state) if (name != pending) print name, state[name], written[name] + 0 }' "$1" | sort
}

# found: prints NAME STATE for each thing that thaw has.
found() {
  dom0 sh -c "thaw ps -a --format '{{.Names}} {{.State}}'; thaw volume ls --format '{{.Name}} volume'; thaw network ls --format '{{.Name}} network'" |
    sed -E 's/ (running|paused)$/ up/; s/ (created|exited|lost|stopped)$/ down/'
}

# compare WANTED FOUND: prints each difference.
compare() {
  local one state written said
  while read -r one state written; do
    if [ "$state" = gone ]; then
      ! grep -q "^$one " "$2" || echo "$one is back"
    elif ! grep -qx "$one $state" "$2"; then
      echo "$one is not $state: $(grep "^$one " "$2" || echo gone)"
    elif [ "$state" = up ] && [ "$written" = 1 ]; then
      said=$(dom0 thaw exec "$one" cat /kept 2>&1)
      [ "$said" = kept ] || echo "$one has lost what its guest had synced: $said"
    fi
  done <"$1"
}

# await_found WANTED FOUND: writes what there is once all runs that has to. Containers start again one after another.
await_found() {
  local until=$((SECONDS + 240))
  while :; do
    found >"$2"
    [ -z "$(awk 'NR == FNR { found[$1] = $2; next } $2 == "up" && found[$1] != "up"' "$2" "$1")" ] && return
    [ "$SECONDS" -lt "$until" ] || return
    sleep 2
  done
}

# await_moment MOMENT: waits so many seconds, or until that verb has been acknowledged.
await_moment() {
  local until=$((SECONDS + 120))
  case $1 in
    [0-9]*) sleep "$1" ;;
    *) until grep -q "^did $1 " "$work/said" || [ "$SECONDS" -ge "$until" ]; do sleep 0.02; done ;;
  esac
}

# cut ROUND MOMENT: prints what is wrong.
cut() {
  local worker
  # Nothing gets to the disk by the way, but what is synced, and what is renamed over another file.
  dom0 sh -c ': >/var/log/thaw/thawd.log; mount -o remount,commit=900 /scratch'
  : >"$work/said"
  dom0 sh -c "$(cat "$root/test/power/work.sh")" sh "$1" >"$work/said" 2>/dev/null &
  worker=$!
  await_moment "$2"
  "$lab" cut --name "$name" 2>"$work/cut" || { echo 'it does not come up again:' && cat "$work/cut"; }
  wait "$worker" 2>/dev/null
  expected "$work/said" >"$work/wanted"
  await_found "$work/wanted" "$work/found"
  compare "$work/wanted" "$work/found"
  dom0 sh -c "grep -E 'Cannot read|damaged|Cannot start' /var/log/thaw/thawd.log; ls -d /var/lib/thaw/*/unreadable-* 2>/dev/null"
  dom0 sh -c 'thaw ps -a --quiet | xargs -r thaw rm --force; thaw volume prune --force; thaw network prune --force' >/dev/null 2>&1
}

echo "== cuts"
"$lab" up --name "$name" --memory 4096 --dom0-memory 2048 --journal --install "$root/build/package/thaw.deb" \
  --disk "images=$root/build/test-images" || exit 1
for round in $(seq "$cuts"); do
  # Here: a subshell has random numbers of its own.
  moment=$((RANDOM % 30)).$((RANDOM % 10))
  [ $((round % 2)) = 0 ] || moment=${verbs[RANDOM % ${#verbs[@]}]}
  wrong=$(cut "$round" "$moment")
  title="cut $round of seed $seed, at $moment, after $(grep -c '^did' "$work/said") commands"
  if [ -z "$wrong" ]; then
    passed=$((passed + 1))
    echo "ok   $title"
  else
    failed=$((failed + 1))
    echo "FAIL $title"
    sed 's/^/     /' <<<"$wrong"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
