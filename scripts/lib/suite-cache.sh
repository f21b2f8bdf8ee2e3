# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Which suites have passed with all that they depend on as it is now? Source it after common.sh, with LOGS set to a folder that is there.
# The cache has a file for each whole pass, named by the suite and a hash of its inputs (scripts/suite-inputs.mjs).

SUITE_CACHE=$THAW_CACHE/suites

# suite_key SUITE: prints a hash of its inputs, which are left in LOGS/SUITE.inputs. False: they cannot be told.
suite_key() {
  node "$THAW_ROOT/scripts/suite-inputs.mjs" "$1" >"$LOGS/$1.inputs" || return
  sha256sum <"$LOGS/$1.inputs" | cut -c1-32
}

# suites_to_run ALL SUITE...: prints those that must run: all, where ALL is not empty, and those of MORE_SUITES, whose cycles and seeds are chosen
# anew. Of the others the numbers are noted and said.
suites_to_run() {
  local all=$1 suite file passed when
  shift
  for suite in "$@"; do
    case " ${MORE_SUITES:-} " in *" $suite "*)
      rm -f "$LOGS/$suite.key"
      printf '%s ' "$suite"
      continue
      ;;
    esac
    suite_key "$suite" >"$LOGS/$suite.key" || rm -f "$LOGS/$suite.key"
    file=$SUITE_CACHE/$suite-$(cat "$LOGS/$suite.key" 2>/dev/null)
    if [ -n "$all" ] || [ ! -s "$LOGS/$suite.key" ] || ! read -r passed when 2>/dev/null <"$file"; then
      printf '%s ' "$suite"
      continue
    fi
    say "Suite $suite: $passed passed (cached from $when)"
    printf '%s %s 0 0\n' "$suite" "$passed" >>"$LOGS/counts"
  done
}

# remember_suite SUITE: keeps its numbers when it has passed as a whole, with inputs that are still what they were when it began.
remember_suite() {
  local suite=$1 name passed failed skipped key
  key=$(cat "$LOGS/$suite.key" 2>/dev/null) || return 0
  while read -r name passed failed skipped; do
    [ "$name" = "$suite" ] || continue
    [ "$passed" -gt 0 ] && [ "$failed" -eq 0 ] && [ "$skipped" -eq 0 ] || return 0
    [ "$(suite_key "$suite")" = "$key" ] || return 0
    mkdir -p "$SUITE_CACHE"
    printf '%s %s\n' "$passed" "$(date '+%F %T')" >"$SUITE_CACHE/.new-$suite-$$"
    mv "$SUITE_CACHE/.new-$suite-$$" "$SUITE_CACHE/$suite-$key"
    find "$SUITE_CACHE" -name "$suite-*" -mtime +30 -delete
  done <"$LOGS/counts"
}
