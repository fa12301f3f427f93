#!/usr/bin/env bash
# The memory cost of requests whose bodies never complete: resident memory of pentad.
#
#     benches/bodies.sh [COUNT]
#
# COUNT clients (default: 1,000) each send a request to a fresh server with a body of a mebibyte,
# without its last byte, and wait for ten seconds: to paths that refuse such a body, to one that
# does not use it, and with the longest permitted body to the path that takes the longest. The
# column "most" is the largest resident size seen, "answered" the number of requests that were
# answered meanwhile.
#
# Needs cargo and python3, and a hard limit of COUNT + 64 descriptors. PENTAD=FILE measures that
# binary instead of building one.

source "$(dirname "$0")/lib.sh"

count=${1:-1000}
seconds=10

# row METHOD PATH LENGTH
row() {
    local figures
    start_pentad --body-timeout 10m --min-rate 0B
    mapfile -t figures < <(
        python3 "$root/benches/bodies.py" "$pid" "$port" "$count" "$3" "$seconds" "$1" "$2"
    )
    if [ "${#figures[@]}" != 3 ]; then
        fail "no figures for $2"
    fi
    printf '%-22s %10d %10d %10d %10d\n' "$1 $2" "$3" "${figures[@]}"
    kill "$pid"
}

need python3 python3
build_pentad
echo "$count unfinished bodies"
printf '%-22s %10s %10s %10s %10s\n' request bytes 'fresh KiB' 'most KiB' answered
row POST /pi 1048576
row POST /nothing 1048576
row POST /index.html 1048576
row POST /api/pow/solve 65536
