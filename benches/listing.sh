#!/usr/bin/env bash
# The cost of a long listing for clients that request a small file.
#
#     benches/listing.sh [--quick] [--names N] [--clients N] [--seconds S] [--rounds N]
#
# A directory with 10,000 names is listed for 200 clients of `pentad load` without a pause, while
# another client requests a small file a hundred times a second. The output has the percentiles and
# the worst time of that small GET alone, beside as many clients of another small file, and beside
# the listings (medians over the rounds, and the worst of all), the number of listings, and the
# maximum resident memory of the server. Server and load share the cores: the time that a client
# waits for a core counts too, and the second line shows how much that is.
#
# Needs cargo. PENTAD=FILE measures that binary instead of building one.

source "$(dirname "$0")/lib.sh"

names=10000 clients=200 seconds=5 rounds=3

# small NAME - writes the latencies of the small file to $tmp/NAME, in microseconds.
small() {
    "$pentad" load --format csv --data "$tmp/load" -c 1 -r 100 -d "${seconds}s" \
        "http://127.0.0.1:$port/small.txt" >"$tmp/report" 2>/dev/null
    for figure in p50 p99 max; do
        pentad_number "${figure}_us" <"$tmp/report"
    done | paste -sd ' ' >>"$tmp/$1"
}

# beside NAME PATH - the same while $clients request PATH.
beside() {
    "$pentad" load --format csv --data "$tmp/load" -c "$clients" -d $((seconds + 1))s \
        "http://127.0.0.1:$port$2" >"$tmp/heavy.$1" 2>/dev/null &
    heavy=$!
    sleep 0.5
    small "$1"
    wait "$heavy"
}

# row NAME - prints the medians of the first two figures, and the worst of the third.
row() {
    local worst
    worst=$(awk '{ print $3 }' "$tmp/$2" | sort -n | tail -n 1)
    printf '%-24s %9.0f %9.0f %9.0f\n' "$1" "$(awk '{ print $1 }' "$tmp/$2" | median)" \
        "$(awk '{ print $2 }' "$tmp/$2" | median)" "$worst"
}

options "names clients seconds rounds" "$@"
[ ${#words[@]} = 0 ] || usage
build_pentad
mkdir -p "$tmp/root/long"
(cd "$tmp/root/long" && seq -f 'file-%05g.txt' "$names" | xargs touch)
echo "a small file" >"$tmp/root/small.txt"
echo "another one" >"$tmp/root/other.txt"
cores=0-$(($(nproc) - 1))
start_pentad --root "$tmp/root" --list
for ((round = 0; round < rounds; round++)); do
    quiet
    small alone
    quiet
    beside busy /other.txt
    quiet
    beside listing /long/
done
printf '%-24s %9s %9s %9s\n' 'a small GET' 'p50 us' 'p99 us' 'worst us'
row alone alone
row "beside $clients small GETs" busy
row "beside $clients listings" listing
printf '%.0f listings a second, %.0f failed, ' "$(pentad_number rate <"$tmp/heavy.listing")" \
    "$(pentad_number failed <"$tmp/heavy.listing")"
awk '/VmHWM/ { printf "the server had at most %.1f MiB resident\n", $2 / 1024 }' "/proc/$pid/status"
