#!/usr/bin/env bash
# A cached book compared with a cached file of 1 KiB, both from one server in one run.
#
#     benches/store.sh [--quick] [--rounds N] [--seconds S]
#
# The server has one core to itself (its threads for files share it and sleep), the load the other.
# In each round both are requested in turn, over 64 connections. Figures are medians over the
# rounds: requests per second, and requests per second of core time of the server itself, kernel
# included, as /proc counts it. The second figure is fairer if the load generator is the bottleneck.
#
# For durable purchases, and everything else about the bookstore, see `pentad bench store`.
#
# Needs two cores, cargo, curl and wrk (installed as root on Debian if missing). All servers listen
# on 127.0.0.1 only. PENTAD=FILE measures that binary instead of building one, SERVER_CORE and
# LOAD_CORE choose other cores than 0 and 1, and PATIENCE is the total number of seconds that the
# script waits for a quiet machine.

source "$(dirname "$0")/lib.sh"

rounds=5 seconds=3
declare -A paths=([file]=/small [book]=/product/2)

prepare() {
    need_cores
    need wrk wrk
    need curl curl
    build_pentad
    mkdir "$tmp/site"
    head -c 1024 /dev/urandom >"$tmp/site/small"
    local replica replicas=()
    for replica in catalog-1 catalog-2 order-1 order-2; do
        replicas+=(--only "$replica" "--$replica" 127.0.0.1:0)
    done
    start_pentad --root "$tmp/site" --store-ttl 1h "${replicas[@]}"
}

# cached WHAT - requests it until it is cached, and fails if it never is.
cached() {
    curl --silent --output /dev/null --dump-header - "http://127.0.0.1:$port${paths[$1]}" |
        grep -i '^x-cache: hit' >/dev/null
}

# measure WHAT - adds a line to the results: requests/s, requests/CPU s, p99 in us.
measure() {
    local before after report
    before=$(cpu_ticks "$pid")
    report=$(taskset -c "$LOAD_CORE" timeout $((seconds + 20)) wrk -t1 -c64 \
        -d"${seconds}s" --latency "http://127.0.0.1:$port${paths[$1]}")
    after=$(cpu_ticks "$pid")
    add_figures "$1" "$report" $((after - before))
}

options "rounds seconds" "$@"
[ ${#words[@]} = 0 ] || usage
prepare
for what in file book; do
    until_true cached "$what"
done
for ((round = 0; round < rounds; round++)); do
    for what in file book; do
        quiet
        measure "$what"
    done
done
printf '%-6s %11s %8s %15s %8s %9s\n' what requests/s '/ file' 'requests/CPU s' '/ file' 'p99 us'
for what in file book; do
    awk -v what="$what" -v rate="$(figure "$what" 1)" -v file_rate="$(figure file 1)" \
        -v cpu="$(figure "$what" 2)" -v file_cpu="$(figure file 2)" -v p99="$(figure "$what" 3)" \
        'BEGIN {
            printf "%-6s %11.0f %8.2f %15.0f %8.2f %9.0f\n", what, rate, rate / file_rate, cpu,
                cpu / file_cpu, p99
        }'
done
