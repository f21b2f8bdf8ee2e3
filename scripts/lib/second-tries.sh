# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A test that failed is run once more by itself when all suites have ended. If it passes then, it is flaky: the run passes, and names it.
# Source it after common.sh, suites.sh and beside.sh, with LOGS set to a folder that is there. Its caller has
#   pass_suite SUITE LAB    runs a suite with the words of AVA_ONLY for AVA, or the parts of PARTS_ONLY, and counts it
#   second_lab SUITE        starts a fresh lab for it and prints nothing; SECOND_LAB is its name. Nothing to do for suites of this machine.

# More than this many are no bad luck, and CI has an hour and a half for all.
SECOND_TRIES=8
SECOND_SECONDS=1200
# In CI none goes on later than this after the run began.
SECOND_CI_END=5100
SECOND_LAB=
AVA_ONLY=()
PARTS_ONLY=()

# second_tries: makes them all, within their bounds; LOGS/flaky has the names of what passed.
second_tries() {
  local list=$LOGS/second-tries number until=$((SECONDS + SECOND_SECONDS)) suite kind part name
  all_failed >"$list"
  number=$(cut -f 1-3 "$list" | sort -u | wc -l)
  [ "$number" -gt 0 ] || return 0
  if [ "$number" -gt "$SECOND_TRIES" ]; then
    say "No second try: $number failures are more than the $SECOND_TRIES that may be chance"
    return 0
  fi
  if in_ci && [ "$until" -gt "$SECOND_CI_END" ]; then until=$SECOND_CI_END; fi
  while IFS=$'\t' read -r suite kind part name <&6; do second_try "$suite" "$kind" "$part" "$name" "$until"; done 6<"$list"
}

# all_failed: prints SUITE, KIND, PART and NAME, with tabs between. A suite that is run as a whole needs no try of its tests.
all_failed() {
  local file suite
  for file in "$LOGS"/*.failed; do
    [ -f "$file" ] || continue
    suite=$(basename "$file" .failed)
    if grep -q '^whole' "$file"; then grep -m 1 '^whole' "$file"; else cat "$file"; fi | sed "s/^/$suite\t/"
  done
}

# second_try SUITE KIND PART NAME UNTIL
second_try() {
  local suite=$1 kind=$2 part=$3 name=$4 left=$(($5 - SECONDS)) took again
  again=$LOGS/again-$(printf '%s\n' "$@" | head -n 3 | sha256sum | cut -c1-12)
  if [ ! -d "$again" ]; then
    took=$(first_took "$suite" "$kind" "$name")
    if [ "$took" -ge "$left" ]; then
      say "No second try of $suite: $name: it took $took s, and $((left > 0 ? left : 0)) s are left"
      return 0
    fi
    say "Second try of $suite: $name"
    mkdir -p "$again"
    try_again "$suite" "$kind" "$part" "$left" "$again"
  fi
  passed_again "$suite" "$kind" "$part" "$again" || return 0
  printf '%s: %s\n' "$suite" "$name" >>"$LOGS/flaky"
  if [ "$kind" = whole ]; then
    difference "$suite" "$again" >>"$LOGS/counts"
  else
    printf '%s 1 -1 0\n' "$suite" >>"$LOGS/counts"
  fi
}

# try_again SUITE KIND PART SECONDS FOLDER: its numbers and logs are in that folder.
try_again() {
  local suite=$1 kind=$2 part=$3 until=$((SECONDS + $4)) folder=$5 first=$LOGS
  AVA_ONLY=() PARTS_ONLY=()
  case $kind in
  test) mapfile -t AVA_ONLY < <(titles_in "$part" | escape_title | sed 's/^/--match=/') ;;
  part) PARTS_ONLY=("$part") ;;
  esac
  # A fresh lab serves all: what a failed second try leaves there can only fail a run that has failed already.
  second_lab "$suite" "$4" || return 0
  LOGS=$folder
  # A title may have what the test chose by chance.
  if [[ $part =~ ', seed '([0-9]+)$ ]]; then
    THAW_KILLS_SEED=${BASH_REMATCH[1]} within $((until - SECONDS)) pass_suite "$suite" "$SECOND_LAB"
  else
    within $((until - SECONDS)) pass_suite "$suite" "$SECOND_LAB"
  fi
  LOGS=$first
  AVA_ONLY=() PARTS_ONLY=()
}

# first_took SUITE KIND NAME: prints how many seconds that took when it failed.
first_took() {
  local took=
  [ "$2" != test ] || took=$(title=$3 awk '{ line = $0; sub(/^ *[0-9]+  not ok [0-9]+ - /, "", line) } line == ENVIRON["title"] { print $1; exit }' "$LOGS/$1.times")
  printf '%s\n' "${took:-$(cat "$LOGS/$1.seconds")}"
}

# passed_again SUITE KIND TITLE FOLDER: has all that ran passed, that very test among it?
passed_again() {
  local name good bad skips title
  read -r name good bad skips 2>/dev/null <"$4/counts" || return
  [ "$name" = "$1" ] && [ "$good" -gt 0 ] && [ "$bad" -eq 0 ] || return
  [ "$2" = test ] || return 0
  while IFS= read -r title; do
    ! sed -n 's/^ok [0-9]* - //p' "$4/$1.tap" | grep -qxF -- "$title" || return 0
  done < <(titles_in "$3")
  return 1
}

# difference SUITE FOLDER: prints what must be added to a suite's numbers to make them those of its second run.
difference() {
  cat "$2/counts" "$LOGS/counts" | awk -v suite="$1" '$1 == suite { for (i = 2; i <= 4; i++) sum[i] += seen ? -$i : $i; seen = 1 }
    END { print suite, sum[2], sum[3], sum[4] }'
}

# titles_in TITLE: prints that of TAP, and what is left of it without the names of its files, or of its hook: AVA puts them before it.
titles_in() {
  local rest=$1 next shorter
  while [ -n "$rest" ]; do
    printf '%s\n' "$rest"
    next=
    for shorter in "${rest#* › }" "${rest#* for }"; do
      if [ ${#shorter} -lt ${#rest} ] && [ ${#shorter} -gt ${#next} ]; then next=$shorter; fi
    done
    rest=$next
  done
}

# escape_title: makes of titles on standard input patterns for --match, in which * and ! are signs.
escape_title() { sed 's/[\\*!]/\\&/g'; }
