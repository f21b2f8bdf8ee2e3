# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# test/ledger.md: when did the suites that run by name only last pass, and at which commit? Each run writes its line itself, at its end.
# Source it after common.sh.

# ledger_commit: prints the commit of the tree, with + behind it where the tree is not clean. Ask at the start: it is what is built then.
ledger_commit() {
  local commit mark=
  commit=$(git -C "$THAW_ROOT" rev-parse --short=10 HEAD) || commit=unknown
  # The run before has written its own line.
  [ -z "$(git -C "$THAW_ROOT" status --porcelain -- . ':!test/ledger.md')" ] || mark=+
  printf '%s%s\n' "$commit" "$mark"
}

# ledger_add COMMIT SUITE RESULT: writes a line, the newest first. A machine of CI throws its tree away, and writes none.
ledger_add() {
  local file=$THAW_ROOT/test/ledger.md
  ! in_ci || return 0
  (
    flock 7
    row="| $1 | $(date +%F) | $2 | $3 |" awk '{ print } /^\|---/ && !done { print ENVIRON["row"]; done = 1 }' "$file" >"$file.new" && mv "$file.new" "$file"
  ) 7<"$THAW_ROOT/test"
}

# ledger_suites COMMIT SUITES: a line for each of them that belongs there and ran to its end: those of MORE_SUITES, and all of a long run.
ledger_suites() {
  local suite name
  for suite in $2; do
    name=$suite
    case " $MORE_SUITES " in *" $suite "*) ;; *)
      [ "${THAW_TEST_LONG:-}" = yes ] || continue
      name="$suite --long"
      ;;
    esac
    # A suite whose numbers come from the cache did not run.
    [ -e "$LOGS/$suite.seconds" ] || continue
    ledger_add "$1" "$name$(ledger_wishes)" "$(ledger_result "$suite")"
  done
}

# ledger_wishes: prints what the caller changed of the suites, such as fewer kills.
ledger_wishes() { env | LC_ALL=C sort | sed -n 's/^\(THAW_KILLS\(_[A-Z]*\)\?\|THAW_TEST_CYCLES\)=\([A-Za-z0-9,]*\)$/ \1=\3/p' | tr -d '\n'; }

# ledger_result SUITE: prints its numbers, second tries included.
ledger_result() {
  local flaky
  flaky=$(grep -cs "^$1: " "$LOGS/flaky")
  printf '%s, %s s' "$(awk -v suite="$1" '$1 == suite { good += $2; bad += $3 } END { printf "%d passed, %d failed", good, bad }' "$LOGS/counts")" \
    "$(cat "$LOGS/$1.seconds")"
  [ "${flaky:-0}" -eq 0 ] || printf ', %s flaky' "$flaky"
}
