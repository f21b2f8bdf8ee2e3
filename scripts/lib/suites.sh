# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How suites that report in different ways are run, counted and summed up. Source it after common.sh, with LOGS set to a folder that is there,
# in a shell that has pipefail set.

LONG_SKIP='.* (with --long) # SKIP'
# These look at what the tests before them left. By themselves they would always pass.
LAST_TESTS='xen › (leaks › |.* › nothing (of all that )?is left)'

# timed FILE: copies standard input, and writes into FILE how many seconds each test took, with what was before it in its file, the longest first.
timed() {
  local line last=$SECONDS
  while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in 'ok '* | 'not ok '*)
      printf '%4d  %s\n' $((SECONDS - last)) "$line" >&9
      last=$SECONDS
      ;;
    esac
  done 9> >(sort -rn >"$1")
}

# tap SUITE COMMAND...: runs a suite that speaks TAP, counts its tests, shows what failed and what was skipped.
tap() {
  local suite=$1 log=$LOGS/$1.tap started=$SECONDS status=0 good bad skips long
  shift
  # scripts/test has set pipefail.
  "$@" 2>"$log.err" </dev/null | timed "$LOGS/$suite.times" >"$log" || status=$?
  good=$(grep -c '^ok ' "$log")
  # test/support/long.ts ends their titles so.
  long=$(grep -c "^ok $LONG_SKIP" "$log")
  skips=$(($(grep -c '^ok .*# SKIP' "$log") - long))
  bad=$(grep -c '^not ok ' "$log")
  note_failed "$suite" "$status" "$good" "$bad"
  {
    # A suite that broke off, or ran nothing, has failed too.
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] || [ $((good + bad)) -eq 0 ]; then
      bad=$((bad + 1))
      printf 'not ok - suite %s ended with status %s\n' "$suite" "$status"
      tail -n 20 "$log.err"
    fi
    grep '^ok .*# SKIP' "$log" | grep -v "$LONG_SKIP"
    [ "$long" -eq 0 ] || printf '%s tests of %s take long and run with --long only\n' "$long" "$suite"
    # Comments are what a test logged, a guest's whole console among it; build/logs has them.
    grep -v '^ *#' "$log" | failures
  } >"$log.report"
  count "$suite" $((good - skips - long)) "$bad" "$skips" "$started" "$log.report"
}

# note_failed SUITE STATUS PASSED FAILED: writes into LOGS/SUITE.failed what is to be tried a second time (second-tries.sh): a line for each, with
# tabs between KIND (test, part or whole), the title or part, and the name it is told by.
note_failed() {
  local suite=$1 log=$LOGS/$1.tap all
  # AVA's last line, which counts tests that never ran, too.
  all=$(sed -n 's/^# fail \([0-9]*\)$/\1/p' "$log" | tail -n 1)
  if [ -z "$all" ] || [ "$all" -gt "$4" ] || [ $(($3 + $4)) -eq 0 ] || [ "$2" -ne 0 ] && [ "$4" -eq 0 ]; then
    printf 'whole\t-\tthe suite, which broke off\n'
  elif grep -qE "^not ok [0-9]+ - (.* exited (with a non-zero exit code|due to)|${LAST_TESTS})" "$log"; then
    printf 'whole\t-\t%s\n' "$(sed -nE "s/^not ok [0-9]+ - (.* exited (with a non-zero exit code|due to)|${LAST_TESTS})/\1/p" "$log" | head -n 1)"
  else
    sed -n 's/^not ok [0-9]* - \(.*\)$/test\t\1\t\1/p' "$log"
  fi >"$LOGS/$suite.failed"
}

# failures: of TAP on standard input what failed, each with what it says of that.
failures() { awk '/^(not )?ok / { bad = /^not/; n = 0 } bad && n++ < 26'; }

# lines SUITE COMMAND...: runs a suite that prints `ok NAME` or `FAILED NAME` lines.
lines() {
  local suite=$1 log=$LOGS/$1.log started=$SECONDS good bad status=0
  shift
  "$@" >"$log" 2>&1 </dev/null || status=$?
  good=$(grep -c '^ok' "$log")
  bad=$(grep -c '^FAILED' "$log")
  sed -n 's/^FAILED *\([^ ]*\).*/part\t\1\t\1/p' "$log" >"$LOGS/$suite.failed"
  if [ "$bad" -eq 0 ] && [ "$status" -ne 0 ]; then
    bad=1
    printf 'whole\t-\tthe suite, which broke off\n' >"$LOGS/$suite.failed"
  fi
  if [ "$bad" -gt 0 ]; then count "$suite" "$good" "$bad" 0 "$started" "$log"; else count "$suite" "$good" 0 0 "$started"; fi
}

# totals SUITE COMMAND...: runs a suite whose last line is `N passed, N failed`, with `FAIL TITLE` for each test and `== PART` before those of a part.
totals() {
  local suite=$1 log=$LOGS/$1.log started=$SECONDS status=0 last good bad
  shift
  "$@" >"$log" 2>&1 </dev/null || status=$?
  last=$(tail -n 1 "$log")
  good=$(sed -n 's/^\([0-9]*\) passed, .*/\1/p' <<<"$last")
  bad=$(sed -n 's/.* passed, \([0-9]*\) failed.*/\1/p' <<<"$last")
  [ -n "$bad" ] || bad=1
  [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
  awk '/^== / { part = $2 } part != "" && sub(/^FAIL /, "") { print "part\t" part "\t" $0 }' "$log" >"$LOGS/$suite.failed"
  if [ "$bad" -ne "$(wc -l <"$LOGS/$suite.failed")" ]; then printf 'whole\t-\tthe suite, which broke off\n' >"$LOGS/$suite.failed"; fi
  if [ "$bad" -gt 0 ]; then count "$suite" "${good:-0}" "$bad" 0 "$started" "$log"; else count "$suite" "$good" 0 0 "$started"; fi
}

# count SUITE PASSED FAILED SKIPPED STARTED [REPORT]: notes a suite's numbers and prints them, with its report, in one piece.
count() {
  (
    flock 8
    say "Suite $1: $2 passed, $3 failed, $4 skipped, $((SECONDS - $5)) s"
    [ -z "${6:-}" ] || tail -n 400 "$6"
    printf '%s %s %s %s\n' "$1" "$2" "$3" "$4" >>"$LOGS/counts"
    printf '%s\n' $((SECONDS - $5)) >"$LOGS/$1.seconds"
  ) 8>"$LOGS/counts.lock"
}

# Prints the failures of all suites once more and in short, since people read the end of a long log.
failed_again() {
  local report
  say 'What failed (the suite of each has more of it above):'
  for report in "$LOGS"/*.report; do
    [ -f "$report" ] || continue
    awk -v suite="$(basename "$report" .tap.report)" '/^not ok / { print suite ": " $0; n = 0; bad = 1; next } /^ok / { bad = 0 } bad && n++ < 20 && !/^ *(---|\.\.\.)$/' "$report"
  done | tail -n 200
  grep -hE -A 20 "^(FAILED|FAIL) " "$LOGS"/check.log "$LOGS"/lab.log 2>/dev/null
}

# summary SUITES: the last line, and the exit status. A suite that left no numbers has failed.
summary() {
  local suite passed=0 failed=0 skipped=0 name good bad skips
  while read -r name good bad skips; do
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skips))
  done < <(cat "$LOGS/counts" 2>/dev/null)
  for suite in $1; do
    grep -qs "^$suite " "$LOGS/counts" && continue
    say "Suite $suite did not run: see above"
    failed=$((failed + 1))
  done
  took 'All suites' 0
  [ "$failed" -eq 0 ] || failed_again
  [ "$skipped" -eq 0 ] || say "$skipped tests were skipped: their reasons are above"
  say_flaky
  printf '%s passed, %s failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

# say_flaky: names what failed and passed when it was run once more.
say_flaky() {
  local name
  [ -s "$LOGS/flaky" ] || return 0
  while IFS= read -r name; do
    if grep -qF -- "- \`$name\`" "$THAW_ROOT/docs/testing.md"; then
      say "$name was flaky before (docs/testing.md): mend it before other work"
    else
      say "$name goes into the list of flaky tests in docs/testing.md, with its suspected cause"
    fi
  done <"$LOGS/flaky"
  sed 's/^/flaky: /' "$LOGS/flaky"
}
