#!/usr/bin/env bash
# The cost of an idle connection: resident memory of pentad and of nginx.
#
#     benches/idle.sh [COUNT]
#
# To each fresh server COUNT connections (default: 10,000) are made that send one request and stay
# open. The growth of the process, divided by COUNT, is the cost of one in the server itself; the
# kernel's side of a socket is several kilobytes more, the same for all servers. Then they close,
# and as many others come: memory that was not reused shows in the last column.
#
# nginx reserves its connections when it starts, so the column "all" has the whole process with its
# connections for both, initial size included.
#
# Needs cargo, python3 and nginx (installed as root on Debian if missing), and a hard limit of
# COUNT + 128 descriptors. PENTAD=FILE measures that binary instead of building one.

source "$(dirname "$0")/lib.sh"

count=${1:-10000}

# row SERVER - prints the row of the server started last.
row() {
    local figures
    mapfile -t figures < <(python3 "$root/benches/idle.py" "$pid" "$port" "$count")
    if [ "${#figures[@]}" != 3 ]; then
        fail "no figures for $1"
    fi
    awk -v server="$1" -v count="$count" -v all="${figures[*]}" 'BEGIN {
        split(all, kib, " ")
        printf "%-8s %10d %14.0f %14.0f %10d\n", server, kib[1],
            (kib[2] - kib[1]) * 1024 / count, kib[2] * 1024 / count, kib[3]
    }'
}

need python3 python3
need nginx nginx
build_pentad
echo "$count idle connections"
printf '%-8s %10s %14s %14s %10s\n' server 'fresh KiB' 'bytes per one' 'all per one' 'again KiB'
start_pentad --keepalive-timeout 10m
row pentad
start_nginx ""
row nginx
echo "binary: $(stat -L -c %s "$pentad") bytes"
