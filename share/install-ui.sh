#!/bin/sh
# install-ui.sh - called by `meson install`: copies the built web UI, when there is one.
set -eu
from=$MESON_BUILD_ROOT/share/ui
to=$MESON_INSTALL_DESTDIR_PREFIX/share/berth/ui
if [ ! -f "$from/index.html" ]; then
    echo "the web UI is not built: run ./dev build before meson install" >&2
    exit 0
fi
rm -rf "$to"
mkdir -p "$to"
cp -R "$from/." "$to"
