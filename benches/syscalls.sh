#!/usr/bin/env bash
# System calls per request: strace counts under a steady keep-alive load.
#
#     benches/syscalls.sh [SECONDS]
#
# 64 connections send GET /healthz one after the other. They are accepted before the counting begins
# and outlive it, so only the steady state is counted: one read and one write per request, one wait
# for many, and no registrations. The number of requests is the number of writes: an answer is one.
# (wrk sees a few more or less, since it does not begin and end with strace.)
#
# Needs cargo, wrk and strace (installed as root on Debian if missing) and the right to trace.
# PENTAD=FILE measures that binary instead of building one.

source "$(dirname "$0")/lib.sh"

seconds=${1:-2}

count_calls() {
    local load
    taskset -c "$LOAD_CORE" wrk -t1 -c64 -d$((seconds + 3))s "http://127.0.0.1:$port/healthz" \
        >"$tmp/wrk" &
    load=$!
    sleep 1
    # strace ends by the signal, and its exit code says so.
    timeout --signal INT "$seconds" strace -c -f -U calls,name -o "$tmp/calls" -p "$pid" \
        2>"$tmp/strace" || true
    if [ ! -s "$tmp/calls" ]; then
        fail "strace counted nothing: $(tail -n 1 "$tmp/strace")"
    fi
    wait "$load"
}

table() {
    awk '
        $1 ~ /^[0-9]+$/ && $2 != "total" { calls[$2] = $1 }
        END {
            reads = calls["read"] + calls["recvfrom"] + calls["readv"]
            writes = calls["write"] + calls["sendto"] + calls["writev"]
            if (!writes) exit 1
            print "calls per request, " writes " requests"
            printf "  %-10s %8.4f\n", "read", reads / writes
            printf "  %-10s %8.4f\n", "write", 1
            for (name in calls)
                if (name !~ /^(read|recvfrom|readv|write|sendto|writev)$/)
                    printf "  %-10s %8.4f\n", name, calls[name] / writes | "sort"
            close("sort")
            if (!("epoll_ctl" in calls)) printf "  %-10s %8d\n", "epoll_ctl", 0
        }' "$tmp/calls"
}

need_cores
need wrk wrk
need strace strace
build_pentad
# shellcheck disable=SC2119 # it takes options, but needs none here
start_pentad
count_calls
table || fail "no request was answered"
