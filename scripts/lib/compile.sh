# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Compiles the TypeScript into dist. Source it with THAW_ROOT set.

# compile_typescript: compiles what changed, and removes compiled files that have no source.
compile_typescript() {
  (cd "$THAW_ROOT" && npm run -s build:ts) && remove_stale
}

# remove_stale: the compiler leaves the files of a source that was moved or deleted, and AVA would go on running the tests in them.
remove_stale() (
  cd "$THAW_ROOT" || exit
  export LC_ALL=C
  for folder in bench bindings test toolstack xenstore; do
    [ -d "dist/$folder" ] || continue
    comm -13 <(find "$folder" -name '*.ts' 2>/dev/null | sed 's/\(\.d\)\?\.ts$//' | sort -u) \
      <(find "dist/$folder" -name '*.js' -o -name '*.js.map' | sed 's/^dist.//; s/\.js\(\.map\)\?$//' | sort -u) |
      while IFS= read -r name; do rm -f "dist/$name.js" "dist/$name.js.map"; done
    find "dist/$folder" -type d -empty -delete
  done
)
