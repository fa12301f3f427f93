#!/usr/bin/env bash
# The load tester compared with wrk: maximum rates, and agreement of the percentiles.
#
#     benches/load.sh [--quick] [--rounds N] [--seconds S] [--connections C]
#
# One core for the server, one for the testers, of which one works at a time. In each round both
# load the same server, and the order changes from round to round. Each printed ratio is the median
# over the rounds of pentad's figure divided by wrk's of the same round.
#
#     healthz   three bytes: the tester has as much work as the server, and the slower side has
#               the queue. Compare the rates; the percentiles show where the queue was, which
#               may change between two runs of one tester, too.
#     metrics   four kibibytes that the server has to compute: it is slower than either tester,
#               and the queue is always there. Compare the percentiles.
#
# Both count from the write of a request until its whole answer was parsed, and both read all
# available answers before they send again. wrk adds an estimate for stalls of more than two round
# trips; pentad does not, since -r is the way to measure those.
#
# Needs two cores, cargo and wrk; see http.sh for PENTAD, SERVER_CORE, LOAD_CORE and PATIENCE.

source "$(dirname "$0")/lib.sh"

LOADS=(healthz metrics)
TESTERS=(pentad wrk)
FIGURES=(rate p50_us p75_us p90_us p99_us)

rounds=9 seconds=2 connections=64
declare -A ports

# measure LOAD TESTER - adds a line to the results: its FIGURES.
measure() {
    local report figures=() figure
    report=$("with_$2" "http://127.0.0.1:${ports[$1]}/$1")
    for figure in "${FIGURES[@]}" failed; do
        figures+=("$("${2}_number" "$figure" <<<"$report")")
    done
    if [ "${figures[-1]}" != 0 ]; then
        fail "$2 went wrong:"$'\n'"$report"
    fi
    echo "${figures[@]:0:${#FIGURES[@]}}" >>"$tmp/$1.$2.results"
}

options "rounds seconds connections" "$@"
need_cores
need wrk wrk
build_pentad
own_network "$@"
start_pentad --only panel --panel 127.0.0.1:0
ports=([healthz]=$port [metrics]=$panel)
take_turns "${LOADS[*]}" "${TESTERS[*]}"
printf '%-8s %-8s %12s %12s %8s\n' load figure pentad wrk ratio
for load in "${LOADS[@]}"; do
    for i in "${!FIGURES[@]}"; do
        printf '%-8s %-8s %12.0f %12.0f %8.3f\n' "$load" "${FIGURES[i]}" \
            "$(figure "$load.pentad" $((i + 1)))" "$(figure "$load.wrk" $((i + 1)))" \
            "$(ratio "$load.pentad" "$load.wrk" $((i + 1)))"
    done
done
