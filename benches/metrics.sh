#!/usr/bin/env bash
# The cost of counting: the same server with and without metrics (--no-metrics).
#
#     benches/metrics.sh [--quick] [--rounds N] [--seconds S] [--connections C]
#
# One core for the servers, of which one works at a time, and one for wrk. In each round every load
# goes to both, and the order changes from round to round. The printed share is the median over the
# rounds of the measuring server's figure relative to the other's in the same round. The second
# figure, requests per second of core time of the server itself, is the reliable one: it does not
# depend on wrk.
#
#     keep-alive   C connections, one request at a time on each
#     pipelined    C connections, 16 requests in one write
#
# Needs two cores, cargo and wrk; see http.sh for PENTAD, SERVER_CORE, LOAD_CORE and PATIENCE.

source "$(dirname "$0")/lib.sh"

LOADS=(keep-alive pipelined)
SERVERS=(on off)

rounds=9 seconds=2 connections=64
declare -A pids ports

start_both() {
    # shellcheck disable=SC2119 # it takes options, but needs none here
    start_pentad
    pids[on]=$pid ports[on]=$port
    start_pentad --no-metrics
    pids[off]=$pid ports[off]=$port
}

# load NAME SERVER - prints wrk's report.
load() {
    local url=http://127.0.0.1:${ports[$2]}/healthz script=()
    if [ "$1" = pipelined ]; then
        script=(-s "$root/benches/pipeline.lua" "$url" -- 16)
    else
        script=("$url")
    fi
    taskset -c "$LOAD_CORE" timeout $((seconds + 10)) \
        wrk -t1 -c"$connections" -d"${seconds}s" "${script[@]}"
}

# measure LOAD SERVER - adds a line to the results: requests/s, requests/CPU s.
measure() {
    local before after report
    before=$(cpu_ticks "${pids[$2]}")
    report=$(load "$1" "$2")
    after=$(cpu_ticks "${pids[$2]}")
    add_figures "$1.$2" "$report" $((after - before))
}

options "rounds seconds connections" "$@"
[ ${#words[@]} = 0 ] || usage
need_cores
need wrk wrk
build_pentad
own_network "$@"
start_both
take_turns "${LOADS[*]}" "${SERVERS[*]}"
printf '%-12s %12s %12s %8s %16s %16s %8s\n' \
    load measuring/s not/s share measuring/CPU-s not/CPU-s share
for load in "${LOADS[@]}"; do
    printf '%-12s %12.0f %12.0f %8.3f %16.0f %16.0f %8.3f\n' "$load" \
        "$(figure "$load.on" 1)" "$(figure "$load.off" 1)" "$(ratio "$load.on" "$load.off" 1)" \
        "$(figure "$load.on" 2)" "$(figure "$load.off" 2)" "$(ratio "$load.on" "$load.off" 2)"
done
