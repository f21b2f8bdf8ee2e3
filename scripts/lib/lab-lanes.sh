# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Labs that run the suites of test/xen: each takes the next suite when it is done with one. Source it after common.sh, setup.sh, suites.sh and
# beside.sh, with LOGS set, LAB (the beginning of the labs' names), LABS (how many), LAB_QUEUE (all suites that need one), and run_suite SUITE LAB.

HAS_LABS=
# The kind of suites that the lab of second tries was started for.
SECOND_KIND=

# next_suite: takes one from what waits for a lab and prints it; false when there is none.
next_suite() {
  (
    flock 9
    read -r suite rest <"$LOGS/queue" || true
    printf '%s\n' "$rest" >"$LOGS/queue"
    [ -n "$suite" ] && printf '%s\n' "$suite"
  ) 9>"$LOGS/queue.lock"
}

# start_lab LAB SUITES: a fresh one for those suites, in which thawd answers. It boots: a run starts two labs at once, and a machine that is
# saved for them would cost a new checkout more than it gives.
start_lab() {
  local machine=()
  # A hundred domains that do nothing take more than an emulated CPU has, on the wall clock.
  [ "${2% }" != hundred ] || machine=(--clock instructions --memory 8192)
  "$THAW_ROOT/scripts/lab" down --name "$1" >/dev/null 2>&1
  "$THAW_ROOT/scripts/lab" up --name "$1" "${machine[@]}" --install "$THAW_ROOT/build/package/thaw.deb" \
    --disk "tests=$THAW_ROOT/build/labtests" --disk "images=$THAW_ROOT/build/test-images" --boot
}

# lab_lane NUMBER: a lab that runs what waits until nothing does.
lab_lane() {
  local lab=$LAB-$1 suite suites
  suites=$(cat "$LOGS/queue")
  if start_lab "$lab" "$suites" || start_again "$lab" "$suites"; then
    while suite=$(next_suite); do
      # One that has died would end all that still waits.
      "$THAW_ROOT/scripts/lab" status --name "$lab" >/dev/null 2>&1 || start_again "$lab" "$suites"
      run_suite "$suite" "$lab"
    done
    keep_log "$lab"
  else
    # The other would run all suites, and nobody see that this one is not there.
    count "$lab" 0 1 0 "$SECONDS"
  fi
  "$THAW_ROOT/scripts/lab" down --name "$lab" >/dev/null 2>&1
}

# keep_log LAB
keep_log() { "$THAW_ROOT/scripts/lab" exec --name "$1" -- cat /var/log/thaw/thawd.log >"$LOGS/thawd-$1.log" 2>/dev/null; }

# start_again LAB SUITES: after a lab did not start, or died. Its suites wait for it, so its second try is at once.
start_again() {
  say "Second try of $1: this lab is not there"
  start_lab "$@" || return
  printf '%s: the start and life of a lab\n' "$1" >>"$LOGS/flaky"
}

# second_lab SUITE SECONDS: the one lab of all second tries, but for suites that need a lab of another kind.
second_lab() {
  local kind=any
  case " $LAB_QUEUE " in *" $1 "*) ;; *) return 0 ;; esac
  [ "$1" != hundred ] || kind=hundred
  [ "$kind" != "$SECOND_KIND" ] || return 0
  HAS_LABS=yes SECOND_LAB=$LAB-again SECOND_KIND=
  within "$2" start_lab "$SECOND_LAB" "$kind" && SECOND_KIND=$kind
}

# lab_lanes SUITES: no more labs than suites.
lab_lanes() {
  local number count
  count=$(wc -w <<<"$1")
  [ "$count" -gt 0 ] || return 0
  say "In labs: $1"
  HAS_LABS=yes
  printf '%s\n' "$1" >"$LOGS/queue"
  for number in $(seq $((count < LABS ? count : LABS))); do beside lab_lane "$number"; done
  wait_for_lanes
}

# end_labs: ends those that this run started. Another run's, from another checkout, may have these names.
end_labs() {
  local number
  [ -z "$HAS_LABS" ] || for number in $(seq "$LABS") ${SECOND_LAB:+again}; do "$THAW_ROOT/scripts/lab" down --name "$LAB-$number" >/dev/null 2>&1; done
}
