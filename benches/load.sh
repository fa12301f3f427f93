#!/usr/bin/env bash
# The load tester and wrk, side by side: who drives more, and do they tell the same of a server?
#
#     benches/load.sh [--quick] [--rounds N] [--seconds S] [--connections C] [--path P]
#
# One core for the server, one for the testers, of which one works at a time. In each round both
# load the same server, and who begins changes from round to round. Each ratio that is printed is
# the median over the rounds of pentad's figure divided by wrk's of the same round.
#
# Both count from the write of a request until its whole answer was parsed, and both read all
# answers that are there before they ask again. wrk adds what it thinks that it missed in stalls
# of more than two round trips; pentad does not, since that is what -r is for.
#
# Needs two cores, cargo and wrk; see http.sh for PENTAD, SERVER_CORE, LOAD_CORE and PATIENCE.

# shellcheck disable=SC2016 # the expressions of awk
source "$(dirname "$0")/lib.sh"

FIGURES=(rate p50_us p75_us p90_us p99_us)

rounds=9 seconds=3 connections=64 path=/healthz

options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --quick) rounds=3 seconds=1 ;;
            --rounds) rounds=${2:?} && shift ;;
            --seconds) seconds=${2:?} && shift ;;
            --connections) connections=${2:?} && shift ;;
            --path) path=${2:?} && shift ;;
            *) usage ;;
        esac
        shift
    done
}

# measure wrk|pentad - its FIGURES, on a line.
measure() {
    local report figures=() figure
    report=$("with_$1")
    for figure in "${FIGURES[@]}" failed; do
        figures+=("$("${1}_number" "$figure" <<<"$report")")
    done
    if [ "${figures[-1]}" != 0 ]; then
        fail "$1 went wrong:"$'\n'"$report"
    fi
    echo "${figures[@]:0:${#FIGURES[@]}}"
}

with_wrk() {
    taskset -c "$LOAD_CORE" timeout $((seconds + 10)) \
        wrk -t1 -c"$connections" -d"${seconds}s" --latency "http://127.0.0.1:$port$path"
}

# Its warning, that it is slower than the server, is true of both and no news here.
with_pentad() {
    taskset -c "$LOAD_CORE" timeout $((seconds + 10)) \
        "$pentad" load -c "$connections" -d "${seconds}s" --format csv --data "$tmp/reports" \
        "http://127.0.0.1:$port$path" 2>"$tmp/pentad.err"
}

# pentad_number NAME - the figure of the table on stdin, by the names of wrk_number.
pentad_number() {
    awk -F, -v what="$1" '
        NR == 1 { for (i = 1; i <= NF; i++) place[$i] = i }
        NR == 2 {
            if (what == "rate") print $place["rps"]
            else if (what == "failed") print $place["requests"] - $place["ok"]
            else {
                sub(/_us$/, "", what)
                print $place["latency_ms_" what] * 1000
            }
        }'
}

run_rounds() {
    local round ours theirs
    for ((round = 0; round < rounds; round++)); do
        echo "round $((round + 1)) of $rounds" >&2
        quiet
        if ((round % 2)); then
            theirs=$(measure wrk)
            ours=$(measure pentad)
        else
            ours=$(measure pentad)
            theirs=$(measure wrk)
        fi
        echo "$ours $theirs" >>"$tmp/results"
    done
}

# column EXPRESSION - the median of an awk expression over the rounds.
column() { awk "{ print $1 }" "$tmp/results" | median; }

options "$@"
need_cores
need wrk wrk
build_pentad
# shellcheck disable=SC2119 # it takes options, but needs none here
start_pentad
run_rounds
printf '%-8s %12s %12s %8s\n' figure pentad wrk ratio
for i in "${!FIGURES[@]}"; do
    ours=\$$((i + 1)) theirs=\$$((i + 1 + ${#FIGURES[@]}))
    printf '%-8s %12.0f %12.0f %8.3f\n' "${FIGURES[i]}" \
        "$(column "$ours")" "$(column "$theirs")" "$(column "$ours / $theirs")"
done
