#!/usr/bin/env bash
# The speed of files: pentad with and without its cache, nginx, and lighttpd.
#
#     benches/files.sh [--quick] [--rounds N] [--seconds S] [--by wrk|pentad] [TEST]...
#
#     small    1 KiB, 64 connections; also a loop that parses nothing and sends as many bytes
#     middle   100 KiB, 64 connections; also a loop that parses nothing, sends as many bytes of a
#              head and then the file by sendfile
#     large    10 MiB, 8 connections
#     paced    1 KiB at half the rate that nginx can do, on 64 connections, by `pentad load`: the
#              latency of the slowest percent
#     slow     a thousand very slow readers of 10 MiB, and small files meanwhile
#
# Without names, all of them run. Each server has one core to itself and the load the other. nginx
# keeps its files open (open_file_cache) and sends them with sendfile; nothing is logged. In each
# round every load goes to every server in turn. Figures are medians over the rounds.
#
# Often the load generator is the bottleneck, and different servers look alike. Hence the second
# figure: requests per second of core time of the server itself, kernel included, as /proc counts
# it. And hence --by pentad, which reads in longer pieces than wrk: wrk needs twice the time to read
# 100 KiB that a server needs to send them.
#
# Needs two cores, cargo, curl, a C compiler, nginx, lighttpd, wrk and Python; as root on Debian,
# missing packages are installed. All servers listen on 127.0.0.1 only. PENTAD=FILE measures that
# binary instead of building one, OLD=FILE another one beside it, SERVER_CORE and LOAD_CORE choose
# other cores than 0 and 1, and PATIENCE is the total number of seconds that the script waits for a
# quiet machine.

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
    if [ -n "${OLD:-}" ]; then
        start_old --root "$tmp/site"
        pids[old]=$pid ports[old]=$port
    fi
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

# servers TEST - prints the servers that take part.
servers() {
    case $1 in
        small) echo pentad ${OLD:+old} uncached nginx lighttpd bare ;;
        middle) echo pentad ${OLD:+old} uncached nginx lighttpd sendfile ;;
        large | paced) echo pentad ${OLD:+old} nginx lighttpd ;;
        slow) echo pentad ${OLD:+old} nginx ;;
    esac
}

# measure TEST SERVER - adds a line to the results.
measure() {
    case $1 in
        paced | slow) "$1" "$2" ;;
        *) full "$1" "$2" ;;
    esac
}

# full TEST SERVER - the maximum: requests/s, requests/CPU s, p99 in µs.
full() {
    local before after report connections=64
    if [ "$1" = large ]; then connections=8; fi
    before=$(cpu_ticks "${pids[$2]}")
    report=$("with_$by" "http://127.0.0.1:${ports[$2]}/$1")
    after=$(cpu_ticks "${pids[$2]}")
    add_figures "$1.$2" "$report" $((after - before))
}

# paced SERVER - half the rate of nginx, each request timed from when it was due: p50, p99 in µs.
paced() {
    if [ -z "${pace:-}" ]; then
        pace=$(taskset -c "$LOAD_CORE" wrk -t1 -c64 -d1s "http://127.0.0.1:${ports[nginx]}/small" |
            wrk_number rate | awk '{ print int($1 / 2) }')
    fi
    taskset -c "$LOAD_CORE" "$pentad" load -c 64 -r "$pace" -d "${seconds}s" --warmup 200ms \
        --format json --data "$tmp/load" "http://127.0.0.1:${ports[$1]}/small" |
        python3 -c 'import json, sys
latency = json.load(sys.stdin)["latency_ms"]
print(latency["p50"] * 1e3, latency["p99"] * 1e3)' >>"$tmp/paced.$1.results"
}

# slow SERVER - see slow.py: maximum KiB, p50 and p99 of the small file in µs.
slow() {
    taskset -c "$LOAD_CORE" python3 "$root/benches/slow.py" "${ports[$1]}" 1000 "$seconds" \
        "${pids[$1]}" >>"$tmp/slow.$1.results"
}

# table TEST - prints the medians.
table() {
    local server results
    printf '%s, %s rounds\n' "$1" "$rounds"
    for server in $(servers "$1"); do
        results=$1.$server
        case $1 in
            paced)
                printf '  %-9s %d requests/s: p50 %.0f us, p99 %.0f us\n' "$server" "$pace" \
                    "$(figure "$results" 1)" "$(figure "$results" 2)"
                ;;
            slow)
                printf '  %-9s at most %d KiB; small files: p50 %.0f us, p99 %.0f us\n' \
                    "$server" "$(figure "$results" 1)" "$(figure "$results" 2)" \
                    "$(figure "$results" 3)"
                ;;
            *)
                printf '  %-9s %8.0f requests/s, %.2f of nginx; %8.0f a CPU second, %.2f; ' \
                    "$server" "$(figure "$results" 1)" "$(ratio "$results" "$1.nginx" 1)" \
                    "$(figure "$results" 2)" "$(ratio "$results" "$1.nginx" 2)"
                printf 'p99 %.0f us\n' "$(figure "$results" 3)"
                ;;
        esac
    done
}

options "rounds seconds by" "$@"
[ "$by" = wrk ] || [ "$by" = pentad ] || usage
[ ${#words[@]} -gt 0 ] || words=(small middle large paced slow)
prepare "$@"
start_all
for test in "${words[@]}"; do
    [ -n "$(servers "$test")" ] || usage
    take_turns "$test" "$(servers "$test")"
    table "$test"
done
