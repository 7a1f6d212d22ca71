#!/bin/sh
# fuzz_lua.sh [SECONDS] - builds fuzz_lua with clang and runs it; findings stay in build/fuzz.
# Wants clang and libclang-rt-14-dev, and ./build made before (for the layers above).
set -eu
cd "$(dirname "$0")/../.."
out=build/fuzz
mkdir -p $out/lua-corpus
clang -g -O1 -std=gnu11 -D_GNU_SOURCE -Ihost -fsanitize=fuzzer,address,undefined \
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
    tests/fuzz/fuzz_lua.c host/lua/*.c -Wl,--start-group build/host/record/librecord.a \
    build/host/model/libmodel.a build/host/db/libdb.a build/host/text/libtext.a build/host/base/libbase.a -Wl,--end-group \
    $(pkg-config --cflags --libs lua5.4 jansson libsodium sqlite3 uchardet icu-i18n) -lphonenumber -lstdc++ -lm -o $out/fuzz_lua
cp tests/lua/attacks/*.lua scripts/rules/*.lua $out/lua-corpus/
cd $out
exec ./fuzz_lua -max_total_time="${1:-300}" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix=lua- lua-corpus
