#!/bin/sh
# template.sh BUILD_ROOT - installs Berth into an empty folder and makes a plugin there with nothing
# but what was installed: berth new-plugin, make test, make install, meson, berth check.
set -eu
build=$1
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
unset BERTH_CONFIG MAKEFLAGS DESTDIR || true

meson install -C "$build" --no-rebuild --destdir "$temp" >"$temp/install.log" 2>&1 ||
    { cat "$temp/install.log"; exit 1; }
pc=$(find "$temp" -name berth.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
berth=$(pkg-config --variable=berth berth)
plugins=$(pkg-config --variable=plugins berth)
cd "$temp"

echo "== berth new-plugin"
"$berth" new-plugin customs
! grep -rn '{{' customs # nothing is left to fill in
echo "== it refuses a folder that is there, and names that are none"
! "$berth" new-plugin customs
! "$berth" new-plugin select
! "$berth" new-plugin x_customs # the host would not load its table
! "$berth" new-plugin ../up
echo "== make, as a plugin author's compiler warns"
cd customs
make CFLAGS='-O2 -g -Wall -Wextra -Wpedantic -Werror' test >make.log 2>&1 || { cat make.log; exit 1; }
grep -q '^2 tests passed' make.log
grep -q 'customs.so: nothing wrong' make.log
! grep note: make.log # all texts are there
echo "== installed, it is found by its name and its tables are part of the database"
make install >/dev/null
test -f "$plugins/customs/i18n/vi.json"
"$berth" check customs >/dev/null
"$berth" schema sqlite --plugins "base customs" | grep -q 'CREATE TABLE customs_item'
echo "== the same with meson"
meson setup mb >meson.log 2>&1 && meson test -C mb >>meson.log 2>&1 || { cat meson.log; exit 1; }
