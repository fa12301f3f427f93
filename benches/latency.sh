#!/usr/bin/env bash
# The latency of the loop while every worker is busy.
#
#     benches/latency.sh [--quick] [--workers N] [--rounds N] [--seconds S]
#
# Some clients request pi without a pause (100 million points each, cut for eight workers), so that
# there are always more slices than workers; meanwhile wrk sends GET /healthz on four connections.
# The output is the latency of that GET with idle workers and with busy ones, medians over the
# rounds. Nothing is pinned: the loop, the workers, the clients and wrk share all cores, as they
# would in a small machine. wrk itself waits for a core now and then, and that time counts as
# latency.
#
# Needs cargo and wrk (installed as root on Debian if missing). PENTAD=FILE measures that
# binary instead of building one.

source "$(dirname "$0")/lib.sh"

workers=2 rounds=3 seconds=5
JOB_CLIENTS=4

ask_for_pi() {
    cat >"$tmp/pi.lua" <<'LUA'
wrk.method = "POST"
wrk.path = "/pi"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"username":"1111","password":"1111-pw","simulations":100000000,"concurrency":8}'
LUA
    wrk -t1 -c"$JOB_CLIENTS" -d$((seconds + 1))s -s "$tmp/pi.lua" "http://127.0.0.1:$port/" \
        >"$tmp/jobs" &
    jobs=$!
    sleep 0.5
}

# measure NAME - writes wrk's report to $tmp/NAME.
measure() {
    wrk -t1 -c4 -d"${seconds}s" --latency "http://127.0.0.1:$port/healthz" >"$tmp/report"
    if [ "$(wrk_number failed <"$tmp/report")" != 0 ]; then
        fail "the server failed: $(<"$tmp/report")"
    fi
    for figure in p50_us p99_us rate; do
        wrk_number "$figure" <"$tmp/report" >>"$tmp/$1.$figure"
    done
}

busy() {
    local before after
    ask_for_pi
    before=$(cpu_ticks "$pid")
    measure busy
    after=$(cpu_ticks "$pid")
    echo $(((after - before) * 100 / seconds / TICKS_PER_SECOND)) >>"$tmp/cpu"
    wait "$jobs"
    if [ "$(wrk_number failed <"$tmp/jobs")" != 0 ]; then
        fail "the jobs failed: $(<"$tmp/jobs")"
    fi
    wrk_number rate <"$tmp/jobs" >>"$tmp/jobs.rate"
}

row() {
    printf '%-8s %9.0f %9.0f %12.0f\n' "$1" "$(median <"$tmp/$1.p50_us")" \
        "$(median <"$tmp/$1.p99_us")" "$(median <"$tmp/$1.rate")"
}

options "workers rounds seconds" "$@"
[ ${#words[@]} = 0 ] || usage
need wrk wrk
build_pentad
cores=0-$(($(nproc) - 1))
start_pentad --workers "$workers"
for ((round = 0; round < rounds; round++)); do
    quiet
    measure idle
    quiet
    busy
done
printf '%-8s %9s %9s %12s\n' workers 'p50 us' 'p99 us' requests/s
row idle
row busy
printf '%.1f jobs/s, the server on %.0f %% of a core\n' \
    "$(median <"$tmp/jobs.rate")" "$(median <"$tmp/cpu")"
