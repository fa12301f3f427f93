#!/usr/bin/env bash
# What counting costs: the same server, measuring itself and not (--no-metrics), side by side.
#
#     benches/metrics.sh [--quick] [--rounds N] [--seconds S] [--connections C]
#
# One core for the servers, of which one works at a time, and one for wrk. In each round every load
# goes to both, and who begins changes from round to round. The share that is printed is the median
# over the rounds of what the measuring server did in comparison with the other in the same round.
# The second one, requests for each second that the server itself was on its core, is the one to
# go by: it does not depend on wrk.
#
#     keep-alive   C connections, one request at a time on each
#     pipelined    C connections, 16 requests in one write
#
# Needs two cores, cargo and wrk; see http.sh for PENTAD, SERVER_CORE, LOAD_CORE and PATIENCE.

# shellcheck disable=SC2016 # the expressions of awk
source "$(dirname "$0")/lib.sh"

LOADS=(keep-alive pipelined)

rounds=9 seconds=2 connections=64
declare -A pids ports

start_both() {
    # shellcheck disable=SC2119 # it takes options, but needs none here
    start_pentad
    pids[on]=$pid ports[on]=$port
    start_pentad --no-metrics
    pids[off]=$pid ports[off]=$port
}

# load NAME SERVER - wrk's report.
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

# measure LOAD SERVER - prints requests/s and requests for each second of core time.
measure() {
    local before after report
    before=$(cpu_ticks "${pids[$2]}")
    report=$(load "$1" "$2")
    after=$(cpu_ticks "${pids[$2]}")
    if [ "$(wrk_number failed <<<"$report")" != 0 ]; then
        fail "$1 went wrong:"$'\n'"$report"
    fi
    awk -v rate="$(wrk_number rate <<<"$report")" \
        -v requests="$(wrk_number requests <<<"$report")" \
        -v ticks=$((after - before)) -v hz="$TICKS_PER_SECOND" \
        'BEGIN { printf "%f %f\n", rate, requests * hz / (ticks ? ticks : 1) }'
}

run_rounds() {
    local round load on off
    for ((round = 0; round < rounds; round++)); do
        echo "round $((round + 1)) of $rounds" >&2
        for load in "${LOADS[@]}"; do
            quiet
            if ((round % 2)); then
                on=$(measure "$load" on)
                off=$(measure "$load" off)
            else
                off=$(measure "$load" off)
                on=$(measure "$load" on)
            fi
            echo "$on $off" >>"$tmp/$load.results"
        done
    done
}

# column LOAD EXPRESSION - the median of an awk expression over the rounds.
column() { awk "{ print $2 }" "$tmp/$1.results" | median; }

options "rounds seconds connections" "$@"
[ ${#words[@]} = 0 ] || usage
need_cores
need wrk wrk
build_pentad
start_both
run_rounds
printf '%-12s %12s %12s %8s %16s %16s %8s\n' \
    load measuring/s not/s share measuring/CPU-s not/CPU-s share
for load in "${LOADS[@]}"; do
    printf '%-12s %12.0f %12.0f %8.3f %16.0f %16.0f %8.3f\n' "$load" \
        "$(column "$load" '$1')" "$(column "$load" '$3')" "$(column "$load" '$1 / $3')" \
        "$(column "$load" '$2')" "$(column "$load" '$4')" "$(column "$load" '$2 / $4')"
done
