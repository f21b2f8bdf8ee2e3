# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Commands in the background, each in a process group of its own: it ends with all that it started.

LANES=()

# beside COMMAND...: starts it beside what runs.
beside() {
  set -m
  "$@" &
  LANES+=($!)
  set +m
}

# wait_for_lanes: until all that runs beside has ended.
wait_for_lanes() {
  [ ${#LANES[@]} -eq 0 ] || wait "${LANES[@]}"
  LANES=()
}

# end_lanes: ends all that runs beside.
end_lanes() {
  local number
  for number in "${LANES[@]}"; do kill -- "-$number" 2>/dev/null; done
}

# within SECONDS COMMAND...: runs it, ends it when its time is over, and returns its status. Nothing else may run beside.
within() {
  local seconds=$1 status=0
  shift
  beside "$@"
  beside end_later "$seconds" "${LANES[0]}"
  wait "${LANES[0]}" || status=$?
  kill -- "-${LANES[1]}" 2>/dev/null
  wait "${LANES[1]}" 2>/dev/null
  LANES=()
  return "$status"
}

# end_later SECONDS GROUP
end_later() {
  sleep "$1"
  kill -- "-$2" 2>/dev/null
}
