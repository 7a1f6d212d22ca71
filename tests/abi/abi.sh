#!/bin/sh
# abi.sh check|write SOURCE_ROOT LAYOUT_PROGRAM - whether berth.h is what it was when last written:
# layout.txt says where each member lies, berth.abi is all that libabigail sees.
set -eu
what=$1 root=$2 layout=$3
here=$root/tests/abi
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

missing() {
    echo "abi.sh: $1 is not installed (Debian: abigail-tools); only the layout was compared" >&2
    [ "$stale" = 0 ] || exit 1
    exit 77 # meson: skipped
}

stale=0
"$layout" >"$temp/layout.txt"
cp "$root/host/berth.h" "$here/surface.c" "$temp"
if [ "$what" = write ]; then
    cp "$temp/layout.txt" "$here/layout.txt"
else
    diff -u "$here/layout.txt" "$temp/layout.txt" >&2 || stale=1
fi
command -v abidw >/dev/null && command -v abidiff >/dev/null || missing abidw
(cd "$temp" && ${CC:-cc} -std=c11 -g -O0 -fPIC -shared -fvisibility=hidden -I. -o surface.so surface.c)
abidw --no-corpus-path --no-comp-dir-path --no-architecture --no-elf-needed --no-show-locs \
    --type-id-style hash "$temp/surface.so" >"$temp/berth.abi"
if [ "$what" = write ]; then
    cp "$temp/berth.abi" "$here/berth.abi"
else
    abidiff --no-show-locs "$here/berth.abi" "$temp/berth.abi" >&2 || stale=1
fi
if [ "$stale" = 1 ]; then
    cat >&2 <<'EOF'
abi.sh: host/berth.h changed.  Members and values may only be appended (share/doc/abi.md).  If it is
meant so, raise BERTH_ABI_MINOR, add a line to share/doc/abi.md, and refresh what was compared:
  ninja -C build abi
EOF
    exit 1
fi
