# What the scripts of this folder share: where the tree is, how they speak, how they find Swift.
# Sourced, never run. A script that sources it has `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools="$root/.tools"

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
fail() {
  printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Puts the Swift toolchain on PATH: the one that is there, else the places where people put one.
find_swift() {
  command -v swift >/dev/null 2>&1 && return 0
  local folder
  for folder in "${SWIFTLY_BIN_DIR:-}" "$HOME/.local/share/swiftly/bin" "$HOME/.swiftly/bin" /opt/swift/usr/bin \
    /opt/swift/bin /usr/local/swift/usr/bin /usr/share/swift/usr/bin; do
    if [ -n "$folder" ] && [ -x "$folder/swift" ]; then
      PATH="$folder:$PATH"
      export PATH
      return 0
    fi
  done
  return 1
}

# The build system is named, since its default changes between toolchains.
swift_flags=(--build-system native --explicit-target-dependency-import-check error)
