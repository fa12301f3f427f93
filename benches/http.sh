#!/usr/bin/env bash
# The speed of small answers: pentad, nginx, and a loop that parses nothing.
#
#     benches/http.sh [--quick] [--rounds N] [--seconds S] [--connections C]
#
# Each server has one core to itself and wrk the other. All of them answer GET /healthz with the
# same status, fields and body (three bytes); nothing is logged. In each round every load goes to
# every server in turn, and the order changes from round to round, so that a slow moment of the
# machine affects all. Figures are medians over the rounds.
#
#     keep-alive   C connections, one request at a time on each
#     pipelined    C connections, 16 requests in one write
#     closing      a new connection for every request
#
# The second pentad has --defer-accept: the kernel holds a new connection until a request arrives.
#
# Often wrk is the bottleneck, and different servers look alike. Hence the second figure: requests
# per second of core time of the server itself, kernel included, as /proc counts it. Ratios of that
# figure do not depend on the load generator.
#
# Needs two cores, cargo, curl, a C compiler, nginx and wrk; as root on Debian, missing packages are
# installed. All servers listen on 127.0.0.1 only. PENTAD=FILE measures that binary instead of
# building one, OLD=FILE another one beside it, SERVER_CORE and LOAD_CORE choose other cores than 0
# and 1, and PATIENCE is the total number of seconds that the script waits for a quiet machine.

source "$(dirname "$0")/lib.sh"

SERVERS=(pentad deferred nginx bare)
LOADS=(keep-alive pipelined closing)

rounds=5 seconds=3 connections=64
declare -A pids ports

prepare() {
    need_cores
    need nginx nginx
    need wrk wrk
    need curl curl
    build_bare
    build_pentad
    own_network "$@"
}

start_all() {
    # shellcheck disable=SC2119 # it takes options, but needs none here
    start_pentad
    pids[pentad]=$pid ports[pentad]=$port
    start_pentad --defer-accept
    pids[deferred]=$pid ports[deferred]=$port
    if [ -n "${OLD:-}" ]; then
        # shellcheck disable=SC2119 # it takes options, but needs none here
        start_old
        pids[old]=$pid ports[old]=$port
        SERVERS+=(old)
    fi
    start_nginx ""
    pids[nginx]=$pid ports[nginx]=$port
    # The bare loop repeats pentad's answer, so that both send the same bytes.
    answer_of "$tmp/answer"
    answer_of "$tmp/answer.close" --header 'Connection: close'
    start_bare "$tmp/answer"
    pids[bare]=$pid ports[bare]=$port
    start_bare "$tmp/answer.close" close
    pids[bare_closing]=$pid ports[bare_closing]=$port
}

# answer_of FILE [CURL-OPTION...]
answer_of() {
    curl --silent --show-error --include --output "$1" "${@:2}" \
        "http://127.0.0.1:${ports[pentad]}/healthz"
}

# load NAME SERVER - prints wrk's report.
load() {
    local url=http://127.0.0.1:${ports[$2]}/healthz
    local wrk=(taskset -c "$LOAD_CORE" timeout $((seconds + 10))
        wrk -t1 -c"$connections" -d"${seconds}s" --latency)
    case $1 in
        keep-alive) "${wrk[@]}" "$url" ;;
        pipelined) "${wrk[@]}" -s "$root/benches/pipeline.lua" "$url" -- 16 ;;
        closing) "${wrk[@]}" -H 'Connection: close' "$url" ;;
    esac
}

# measure LOAD SERVER - adds a line to the results: requests/s, requests/CPU s, p99 in µs.
measure() {
    local name=$2 before after report
    if [ "$1 $2" = "closing bare" ]; then name=bare_closing; fi
    before=$(cpu_ticks "${pids[$name]}")
    report=$(load "$1" "$name")
    after=$(cpu_ticks "${pids[$name]}")
    add_figures "$1.$2" "$report" $((after - before))
}

table() {
    local load=$1 server
    printf '%s\n' "$load, $connections connections"
    printf '  %-8s %12s %8s %8s %15s %8s %8s %9s\n' \
        server requests/s '/ bare' '/ nginx' 'requests/CPU s' '/ bare' '/ nginx' 'p99 us'
    for server in "${SERVERS[@]}"; do
        row "$load" "$server"
    done
}

row() {
    local load=$1 server=$2 column figures=()
    for column in 1 2; do
        figures+=("$(figure "$load.$server" "$column")" "$(figure "$load.bare" "$column")"
            "$(figure "$load.nginx" "$column")")
    done
    awk -v server="$server" -v p99="$(p99 "$load" "$server")" -v all="${figures[*]}" 'BEGIN {
        split(all, f, " ")
        printf "  %-8s %12.0f %8.2f %8.2f %15.0f %8.2f %8.2f %9s\n", server,
            f[1], f[1] / f[2], f[1] / f[3], f[4], f[4] / f[5], f[4] / f[6], p99
    }'
}

# p99 LOAD SERVER - in µs. Of pipelined requests wrk times only the last of a batch, but spreads its
# percentiles over all of them, so that they are meaningless.
p99() {
    if [ "$1" = pipelined ]; then
        echo -
    else
        printf '%.0f' "$(figure "$1.$2" 3)"
    fi
}

options "rounds seconds connections" "$@"
[ ${#words[@]} = 0 ] || usage
prepare "$@"
start_all
take_turns "${LOADS[*]}" "${SERVERS[*]}"
for load in "${LOADS[@]}"; do table "$load"; done
