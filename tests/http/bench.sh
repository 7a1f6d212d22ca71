#!/bin/sh
# bench.sh - requests per second of the HTTP server and, in the same run, of libmicrohttpd's own
# thread pool.  usage: bench.sh BUILD_DIR [seconds]; needs wrk.
set -eu
build=$1
secs=${2:-4}
out=$(mktemp)
run() { # name, program with arguments, path
    $2 >"$out" &
    pid=$!
    while [ ! -s "$out" ]; do sleep 0.05; done
    port=$(cat "$out")
    wrk -t2 -c16 -d"${secs}s" --latency "http://127.0.0.1:$port$3" |
        awk -v n="$1" '/99%/ {p = $2} /Requests\/sec/ {r = $2} END {printf "%-34s %9.0f/s  p99 %s\n", n, r, p}'
    kill "$pid"
    wait "$pid" || true
    : >"$out"
}
run "libmicrohttpd pool, small" "$build/tests/http/plain_mhd_server" /small
run "libmicrohttpd pool, 10 KB" "$build/tests/http/plain_mhd_server" /big
run "small, inline" "$build/tests/http/http_test_server" /small
run "10 KB, inline" "$build/tests/http/http_test_server" /big
run "small, pool" "$build/tests/http/http_test_server" /pool
run "10 KB, pool" "$build/tests/http/http_test_server" /poolbig
run "small, finished by another thread" "$build/tests/http/http_test_server" /later
rm -f "$out"
