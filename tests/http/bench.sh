#!/bin/sh
# bench.sh - the HTTP server and, in the same run, libmicrohttpd's own thread pool: requests per
# second and processor time per request (which a busy machine disturbs less).
# usage: bench.sh BUILD_DIR [seconds]; needs wrk.
set -eu
build=$1
secs=${2:-4}
out=$(mktemp)
cpu() { # ticks of 10 ms used by the process
    awk '{print $14 + $15}' "/proc/$1/stat"
}
run() { # name, program with arguments, path
    $2 >"$out" &
    pid=$!
    while [ ! -s "$out" ]; do sleep 0.05; done
    port=$(cat "$out")
    before=$(cpu $pid)
    wrk -t2 -c16 -d"${secs}s" --latency "http://127.0.0.1:$port$3" >"$out.wrk"
    after=$(cpu $pid)
    awk -v name="$1" -v ticks=$((after - before)) '
        /99%/ {p = $2} /requests in/ {n = $1} /Requests\/sec/ {r = $2}
        END {printf "%-34s %9.0f/s  p99 %-9s %5.1f us cpu\n", name, r, p, ticks * 10000 / n}' "$out.wrk"
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
rm -f "$out" "$out.wrk"
