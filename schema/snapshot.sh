#!/bin/sh
# snapshot.sh BERTH PLUGIN_PATH SCHEMA_DIR check|write PLUGIN... - compares or writes schema/*.sql.
set -eu
berth=$1 path=$2 dir=$3 what=$4
shift 4
stale=0
for database in sqlite postgresql; do
    made=$("$berth" schema "$database" --plugins "$*" --plugin_path "$path" --data /nonexistent)
    if [ "$what" = write ]; then
        printf '%s\n' "$made" >"$dir/$database.sql"
    elif ! printf '%s\n' "$made" | diff -u "$dir/$database.sql" - >&2; then
        stale=1
    fi
done
if [ "$stale" = 1 ]; then
    echo "schema/*.sql is not what the plugins declare; look at the difference, then refresh it:" >&2
    echo "  ninja -C build schema" >&2
    exit 1
fi
