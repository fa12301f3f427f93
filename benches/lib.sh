# shellcheck shell=bash
# Shared parts of the scripts beside this file: tools, builds, servers on the loopback, and their
# end. Sourced, not run. Processes that still run when a script exits are ended by their process id.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tmp=$(mktemp -d)

SERVER_CORE=${SERVER_CORE:-0}
LOAD_CORE=${LOAD_CORE:-1}
pentad=${PENTAD:-$root/target/release/pentad}
bare=$tmp/bare_epoll

# The shell's own list of children, because the id of an ended process may be reused.
end() {
    local pid
    for pid in $(jobs -pr); do
        kill "$pid" 2>/dev/null || true
    done
    wait
    rm -rf "$tmp"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# usage - prints the text at the top of the script.
usage() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# options NAMES ARGUMENT... - `--seconds 3` sets $seconds if that is among NAMES, `--quick` means
# one short round, and other words go to $words.
options() {
    local names=" $1 "
    shift
    words=()
    # shellcheck disable=SC2034 # read by the scripts
    while [ $# -gt 0 ]; do
        case $1 in
            --quick) rounds=1 seconds=1 ;;
            --*)
                if [[ $names != *" ${1#--} "* ]] || [ $# = 1 ]; then usage; fi
                printf -v "${1#--}" %s "$2"
                shift
                ;;
            *) words+=("$1") ;;
        esac
        shift
    done
}

# need COMMAND PACKAGE - installs a missing package if possible, else prints what to do.
need() {
    export PATH=$PATH:/usr/sbin
    if command -v "$1" >/dev/null; then
        return
    fi
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "$1 is missing; on Debian it is in the package $2"
    fi
    echo "installing $2" >&2
    apt-get install -y -qq --no-install-recommends "$2" >"$tmp/apt.log" 2>&1 ||
        fail "cannot install $2: $(tail -n 1 "$tmp/apt.log")"
    if [ "$2" = nginx ]; then
        # The package starts a server on port 80, which is not wanted.
        service nginx stop >/dev/null 2>&1 || true
    fi
}

need_cores() {
    if ! taskset -c "$SERVER_CORE,$LOAD_CORE" true 2>/dev/null; then
        fail "needs the cores $SERVER_CORE and $LOAD_CORE (SERVER_CORE and LOAD_CORE say otherwise)"
    fi
}

# own_network ARGUMENT... - restarts the script in a network namespace of its own, if permitted,
# after everything was installed and built. There BBR, which some machines use, is replaced by Reno:
# it paces packets with a timer, which is useless on the loopback, and on a virtual machine the
# timer costs more than the packet.
own_network() {
    local control=/proc/sys/net/ipv4/tcp_congestion_control
    if [ -z "${OWN_NETWORK:-}" ] && command -v ip >/dev/null && unshare --net true 2>/dev/null; then
        rm -rf "$tmp"
        OWN_NETWORK=1 PENTAD=$pentad exec unshare --net bash "$0" "$@"
    fi
    if [ -n "${OWN_NETWORK:-}" ]; then
        ip link set lo up
        if [ "$(cat "$control")" = bbr ]; then echo reno >"$control"; fi
    fi
    echo "congestion control: $(cat "$control")" >&2
}

build_pentad() {
    if [ -z "${PENTAD:-}" ]; then
        (cd "$root" && cargo build --release --quiet)
    fi
}

build_bare() {
    need cc gcc
    cc -O2 -o "$bare" "$root/benches/bare_epoll.c"
}

# A port that is not in use, below those that the kernel gives to clients.
free_port() {
    local port
    while port=$((10000 + RANDOM % 20000)); do
        if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

# until_true COMMAND... - waits ten seconds at most.
until_true() {
    local deadline=$((SECONDS + 10))
    until "$@" 2>/dev/null; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            fail "waited in vain: $*"
        fi
        sleep 0.05
    done
}

# Seconds left to wait for a quiet machine, over the whole run of a script.
patience=${PATIENCE:-120}

# quiet - waits until no other process uses the cores; prints a note when patience is over.
quiet() {
    local until=$((SECONDS + patience)) percent
    while percent=$(busy_percent) && [ "$percent" -ge 10 ]; do
        if [ "$SECONDS" -ge "$until" ]; then
            echo "others use $percent % of the cores: expect noise" >&2
            break
        fi
    done
    patience=$((until > SECONDS ? until - SECONDS : 0))
}

# busy_percent - the load of all cores together, sampled for a moment.
busy_percent() {
    local before after
    read -ra before </proc/stat
    sleep 0.3
    read -ra after </proc/stat
    # After the name: user, nice, system, idle, iowait, irq, softirq, steal.
    printf '%s\n' "${before[*]:1:8}" "${after[*]:1:8}" | awk '
        { all = 0; for (i = 1; i <= NF; i++) all += $i }
        NR == 1 { idle_before = $4 + $5; all_before = all }
        NR == 2 { print int(100 - 100 * ($4 + $5 - idle_before) / (all - all_before)) }'
}

connects() { (: <"/dev/tcp/127.0.0.1/$1"); }

# The starters leave the id of the serving process in $pid and its port in $port; that of the panel,
# if requested, in $panel.

# start_pentad [OPTION...] - the web service only, on the server's core unless $cores says
# otherwise.
start_pentad() {
    local out
    out=$(mktemp "$tmp/pentad.XXXX")
    taskset -c "${cores:-$SERVER_CORE}" "$pentad" --only web --web 127.0.0.1:0 \
        --data "$out.data" --log-file none "$@" >"$out" 2>"$out.err" </dev/null &
    pid=$!
    until_true grep -q '^ready' "$out"
    port=$(sed -n 's/^listening web tcp .*:\([0-9]*\)$/\1/p' "$out")
    # shellcheck disable=SC2034 # read by the scripts
    panel=$(sed -n 's/^listening panel tcp .*:\([0-9]*\)$/\1/p' "$out")
}

# start_old [OPTION...] - the pentad of OLD, next to the measured one.
start_old() {
    local pentad=$OLD
    start_pentad "$@"
}

# start_nginx [DIR] - one worker, the same answer with the same fields, no log; and the files of
# DIR, opened once.
start_nginx() {
    local dir master
    port=$(free_port)
    dir=$(mktemp -d "$tmp/nginx.XXXX")
    chmod 755 "$tmp" "$dir"
    cat >"$dir/nginx.conf" <<CONF
worker_processes 1;
worker_rlimit_nofile 20000;
error_log /dev/null crit;
pid $dir/pid;
events { worker_connections 20000; }
http {
    access_log off;
    server_tokens off;
    keepalive_requests 2000000000;
    keepalive_timeout 600s;
    default_type text/plain;
    charset utf-8;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    server {
        listen 127.0.0.1:$port backlog=4096;
        location = /healthz {
            add_header X-Content-Type-Options nosniff;
            add_header Referrer-Policy no-referrer;
            return 200 "ok\n";
        }
        location / {
            root ${1:-$dir};
            sendfile on;
            open_file_cache max=1000 inactive=600s;
            open_file_cache_valid 60s;
        }
    }
}
CONF
    taskset -c "$SERVER_CORE" nginx -p "$dir" -c "$dir/nginx.conf" -g 'daemon off;' \
        >/dev/null 2>"$dir/err" </dev/null &
    master=$!
    until_true connects "$port"
    pid=$(pgrep -P "$master")
}

# start_lighttpd DIR - one process, the files of DIR, no log.
start_lighttpd() {
    local dir
    port=$(free_port)
    dir=$(mktemp -d "$tmp/lighttpd.XXXX")
    cat >"$dir/conf" <<CONF
server.document-root = "$1"
server.bind = "127.0.0.1"
server.port = $port
server.errorlog = "$dir/err"
server.tag = "lighttpd"
server.max-fds = 20000
server.max-connections = 10000
server.max-keep-alive-requests = 2000000000
server.max-keep-alive-idle = 600
server.max-write-idle = 600
server.listen-backlog = 4096
mimetype.assign = ( "" => "application/octet-stream" )
CONF
    taskset -c "$SERVER_CORE" lighttpd -D -f "$dir/conf" >/dev/null 2>&1 </dev/null &
    pid=$!
    until_true connects "$port"
}

# start_bare ANSWER [close | FILE] - see bare_epoll.c.
start_bare() {
    local out
    out=$(mktemp "$tmp/bare.XXXX")
    taskset -c "$SERVER_CORE" "$bare" "$@" >"$out" </dev/null &
    pid=$!
    until_true test -s "$out"
    port=$(cat "$out")
}

# cpu_ticks PID - core time of all its threads, in clock ticks. The name in the second field may
# contain blanks, so fields are counted from after it.
cpu_ticks() {
    local stat fields
    stat=$(<"/proc/$1/stat")
    read -ra fields <<<"${stat##*) }"
    echo $((fields[11] + fields[12]))
}

TICKS_PER_SECOND=$(getconf CLK_TCK)
# shellcheck disable=SC2034 # read by the scripts
readonly TICKS_PER_SECOND

# median - of the numbers on stdin, one per line.
median() {
    sort -g | awk '{ a[NR] = $1 } END { print (NR % 2) ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'
}

# wrk_number NAME - the figure in wrk's report on stdin for: requests, rate, p50_us, p75_us, p90_us,
# p99_us, failed.
wrk_number() {
    awk -v what="$1" '
        function us(text) {
            if (text ~ /us$/) return text + 0
            if (text ~ /ms$/) return text * 1e3
            if (text ~ /m$/) return text * 6e7
            return text * 1e6
        }
        /requests in/      { requests = $1 }
        /^Requests\/sec:/  { rate = $2 }
        /^ *50%/           { p50_us = us($2) }
        /^ *75%/           { p75_us = us($2) }
        /^ *90%/           { p90_us = us($2) }
        /^ *99%/           { p99_us = us($2) }
        /Socket errors:/   { gsub(/[^0-9 ]/, ""); failed += $1 + $2 + $3 + $4 }
        /Non-2xx/          { failed += $NF }
        END {
            if (what == "requests") print requests + 0
            if (what == "rate") print rate + 0
            if (what == "p50_us") print p50_us + 0
            if (what == "p75_us") print p75_us + 0
            if (what == "p90_us") print p90_us + 0
            if (what == "p99_us") print p99_us + 0
            if (what == "failed") print failed + 0
        }'
}

# pentad_number NAME - the same in the table that `pentad load --format csv` prints.
pentad_number() {
    awk -F, -v what="$1" '
        NR == 1 { for (i = 1; i <= NF; i++) place[$i] = i }
        NR == 2 {
            if (what == "requests") print $place["requests"]
            else if (what == "rate") print $place["rps"]
            else if (what == "failed") print $place["requests"] - $place["ok"]
            else {
                sub(/_us$/, "", what)
                print $place["latency_ms_" what] * 1000
            }
        }'
}

# The load generator, if there is a choice: wrk or pentad.
by=wrk

# with_wrk URL, with_pentad URL - the report of a load of $connections for $seconds.
# shellcheck disable=SC2154 # which the scripts set
with_wrk() {
    taskset -c "$LOAD_CORE" timeout $((seconds + 20)) \
        wrk -t1 -c"$connections" -d"${seconds}s" --latency "$1"
}

# Its warning that it is slower than the server is true of both, and expected here.
with_pentad() {
    taskset -c "$LOAD_CORE" timeout $((seconds + 20)) \
        "$pentad" load -c "$connections" -d "${seconds}s" --format csv --data "$tmp/reports" \
        "$1" 2>"$tmp/pentad.err"
}

# add_figures NAME REPORT TICKS - adds a line to the results of NAME: requests/s, requests per
# second of core time, of which TICKS were used, and p99 in µs, all from the load generator's
# report.
add_figures() {
    local requests
    requests=$("${by}_number" requests <<<"$2")
    if [ "$requests" = 0 ] || [ "$("${by}_number" failed <<<"$2")" != 0 ]; then
        fail "$1 went wrong:"$'\n'"$2"
    fi
    awk -v rate="$("${by}_number" rate <<<"$2")" -v p99="$("${by}_number" p99_us <<<"$2")" \
        -v requests="$requests" -v ticks="$3" -v hz="$TICKS_PER_SECOND" \
        'BEGIN { printf "%f %f %f\n", rate, requests * hz / (ticks ? ticks : 1), p99 }' \
        >>"$tmp/$1.results"
}

# figure NAME COLUMN - the median of its results.
figure() { awk -v column="$2" '{ print $column }' "$tmp/$1.results" | median; }

# ratio NAME OTHER COLUMN - the median, over the rounds, of NAME's result divided by OTHER's.
ratio() {
    paste "$tmp/$1.results" "$tmp/$2.results" |
        awk -v column="$3" '{ print $column / $(column + NF / 2) }' | median
}

# take_turns LOADS SERVERS - calls `measure LOAD SERVER` for all of them in every round; the order
# changes from round to round, so that a slow moment of the machine affects all.
take_turns() {
    local round load turn servers
    read -ra servers <<<"$2"
    for ((round = 0; round < rounds; round++)); do
        echo "round $((round + 1)) of $rounds" >&2
        for load in $1; do
            for ((turn = 0; turn < ${#servers[@]}; turn++)); do
                quiet
                measure "$load" "${servers[(round + turn) % ${#servers[@]}]}"
            done
        done
    done
}
