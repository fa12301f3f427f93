#!/usr/bin/env bash
# How fast files are, side by side: pentad with its cache and without, nginx, and lighttpd.
#
#     benches/files.sh [--quick] [--rounds N] [--seconds S] [--by wrk|pentad] [TEST]...
#
#     small    1 KiB, 64 connections; also a loop that parses nothing and sends as many bytes
#     middle   100 KiB, 64 connections; also a loop that parses nothing, sends as many bytes of a
#              head and then the file by sendfile
#     large    10 MiB, 8 connections
#     paced    1 KiB at half of what nginx can do, on 64 connections, by `pentad load`: how long the
#              slowest percent takes
#     slow     a thousand readers of 10 MiB that take next to nothing, and small files meanwhile
#
# Without names, all of them. Each server has one core to itself and the load the other. nginx
# keeps its files open (open_file_cache) and sends them from there (sendfile); nothing is logged.
# In each round every load goes to every server in turn. Figures are medians over the rounds.
#
# Often it is the load generator that is out of breath first, and servers look alike that are not.
# Hence the second figure: requests for each second that the server itself was on its core, kernel
# included, as /proc counts it. And hence --by pentad, which reads in longer pieces than wrk: wrk
# needs twice the time to read 100 KiB that a server needs to send them.
#
# Needs two cores, cargo, curl, a C compiler, nginx, lighttpd, wrk and Python; as root on Debian,
# what is missing is installed. Everything listens on 127.0.0.1 alone. PENTAD=FILE measures that
# binary instead of building one, SERVER_CORE and LOAD_CORE choose other cores than 0 and 1, and
# PATIENCE is for how many seconds in all the script waits for others to leave the machine alone.

source "$(dirname "$0")/lib.sh"

rounds=5 seconds=3
declare -A pids ports

prepare() {
    need_cores
    need nginx nginx
    need lighttpd lighttpd
    need wrk wrk
    need curl curl
    need python3 python3
    build_bare
    build_pentad
    own_network "$@"
    mkdir "$tmp/site"
    chmod 755 "$tmp" "$tmp/site"
    head -c 1024 /dev/urandom >"$tmp/site/small"
    head -c 102400 /dev/urandom >"$tmp/site/middle"
    head -c 10485760 /dev/urandom >"$tmp/site/large"
}

start_all() {
    start_pentad --root "$tmp/site"
    pids[pentad]=$pid ports[pentad]=$port
    start_pentad --root "$tmp/site" --cache-bytes 0
    pids[uncached]=$pid ports[uncached]=$port
    start_nginx "$tmp/site"
    pids[nginx]=$pid ports[nginx]=$port
    start_lighttpd "$tmp/site"
    pids[lighttpd]=$pid ports[lighttpd]=$port
    curl --silent --output /dev/null "http://127.0.0.1:${ports[pentad]}/small"
    curl --silent --include --output "$tmp/answer" "http://127.0.0.1:${ports[pentad]}/small"
    start_bare "$tmp/answer"
    pids[bare]=$pid ports[bare]=$port
    sed '/^\r$/q' "$tmp/answer" | sed 's/^Content-Length: .*\r/Content-Length: 102400\r/' >"$tmp/head"
    start_bare "$tmp/head" "$tmp/site/middle"
    pids[sendfile]=$pid ports[sendfile]=$port
}

# servers TEST - whom it goes to.
servers() {
    case $1 in
        small) echo pentad uncached nginx lighttpd bare ;;
        middle) echo pentad uncached nginx lighttpd sendfile ;;
        large) echo pentad nginx lighttpd ;;
    esac
}

# measure TEST SERVER - adds a line to the results: requests/s, requests/CPU s, p99 in µs.
measure() {
    local before after report connections=64
    if [ "$1" = large ]; then connections=8; fi
    before=$(cpu_ticks "${pids[$2]}")
    report=$("with_$by" "http://127.0.0.1:${ports[$2]}/$1")
    after=$(cpu_ticks "${pids[$2]}")
    add_figures "$1.$2" "$report" $((after - before))
}

table() {
    local server
    printf '%s, by %s\n' "$1" "$by"
    printf '  %-9s %11s %8s %15s %8s %9s\n' server requests/s '/ nginx' 'requests/CPU s' '/ nginx' 'p99 us'
    for server in $(servers "$1"); do
        awk -v server="$server" -v rate="$(figure "$1.$server" 1)" \
            -v cpu="$(figure "$1.$server" 2)" -v p99="$(figure "$1.$server" 3)" \
            -v nginx_rate="$(figure "$1.nginx" 1)" -v nginx_cpu="$(figure "$1.nginx" 2)" 'BEGIN {
            printf "  %-9s %11.0f %8.2f %15.0f %8.2f %9.0f\n", server, rate, rate / nginx_rate,
                cpu, cpu / nginx_cpu, p99
        }'
    done
}

# paced - requests at half of what nginx can do, each timed from when it was due.
paced() {
    local half round turn server all=(pentad nginx lighttpd)
    half=$(taskset -c "$LOAD_CORE" wrk -t1 -c64 -d1s "http://127.0.0.1:${ports[nginx]}/small" |
        wrk_number rate | awk '{ print int($1 / 2) }')
    for ((round = 0; round < rounds; round++)); do
        for ((turn = 0; turn < ${#all[@]}; turn++)); do
            quiet
            server=${all[(round + turn) % ${#all[@]}]}
            taskset -c "$LOAD_CORE" "$pentad" load -c 64 -r "$half" -d "${seconds}s" --warmup 200ms \
                --format json --data "$tmp/load" "http://127.0.0.1:${ports[$server]}/small" |
                python3 -c 'import json, sys
latency = json.load(sys.stdin)["latency_ms"]
print(latency["p50"] * 1e3, latency["p99"] * 1e3)' >>"$tmp/paced.$server.results"
        done
    done
    for server in "${all[@]}"; do
        printf '  %-9s %d requests/s: p50 %.0f us, p99 %.0f us\n' "$server" "$half" \
            "$(figure "paced.$server" 1)" "$(figure "paced.$server" 2)"
    done
}

# slow - see slow.py.
slow() {
    local server
    for server in pentad nginx; do
        quiet
        printf '  %-9s resident before %s KiB, ' "$server" "$(resident "${pids[$server]}")"
        taskset -c "$LOAD_CORE" python3 "$root/benches/slow.py" "${ports[$server]}" 1000 \
            "$seconds" "${pids[$server]}"
    done
}

options "rounds seconds by" "$@"
[ "$by" = wrk ] || [ "$by" = pentad ] || usage
[ ${#words[@]} -gt 0 ] || words=(small middle large paced slow)
prepare "$@"
start_all
for test in "${words[@]}"; do
    case $test in
        paced | slow)
            echo "$test"
            "$test"
            ;;
        small | middle | large)
            take_turns "$test" "$(servers "$test")"
            table "$test"
            ;;
        *) usage ;;
    esac
done
