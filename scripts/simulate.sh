#!/usr/bin/env bash
# The simulated worlds that CI runs: recorded ones, new ones, and planted bugs that must be found. The simulator and what
# it runs are built optimized (SLIPWAY_SIMULATOR, see Package.swift) and replace the debug build of the same modules.
# `SIMULATION_SECONDS=3600 scripts/simulate.sh` is a long run; about four minutes otherwise.
# `scripts/simulate.sh --build FILE` makes the simulator and no more; `SIMULATOR=FILE` runs that one.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$root"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
build() {
    SLIPWAY_SIMULATOR=1 swift build --product slipway-sim >"$out/build" 2>&1 ||
        { grep -E "error:" -A5 "$out/build"; fail "the simulator does not build"; }
    cp "$(swift build --show-bin-path)/slipway-sim" "$1"
}
if [ "${1:-}" = --build ]; then
    build "$2"
    exit
fi
sim=${SIMULATOR:-$out/slipway-sim}
[ -n "${SIMULATOR:-}" ] || build "$sim"

echo "Recorded worlds keep their promises, and break the one they were found by with their bug planted:"
"$sim" --replay Tests/Worlds

echo "A seed has one course of events:"
"$sim" --seeds 1 --start 3 --minutes 3 --twice | grep "figure sim_steps"

# New ones in every run, in one process per core: a simulation has one thread. A failure prints its seed, the shrunk
# trace, and the record to keep.
seconds=${SIMULATION_SECONDS:-60}
# How long it is searched for a planted bug; where other things run, worlds take longer.
search=${SEARCH_SECONDS:-240}
start=$(date +%s)000
pids=()
for part in 1 2; do
    # Worlds end by themselves; one that does not is a fault too.
    timeout $((seconds + search)) "$sim" --seeds 100000 --start $((start + part * 100000000)) --minutes 10 \
        --time-limit "$seconds" --coverage \
        --shrinks >"$out/fresh-$part" 2>&1 &
    pids+=($!)
done
status=0
for pid in "${pids[@]}"; do wait "$pid" || status=1; done
cat "$out"/fresh-*
[ $status -eq 0 ] || fail "a simulated world broke a promise"
# A promise that was never looked at was not kept, it was not asked for.
for figure in $(grep -ho "^figure sim_checked_[a-z_]*" "$out/fresh-1" | cut -d' ' -f2); do
    grep -qE "^figure $figure [1-9]" "$out"/fresh-* || fail "the worlds never checked a promise: $figure"
done

# Planted bugs are looked for in worlds that nobody has seen; those that show in one of some hundred worlds are held by
# the recorded ones. A bug breaks more than the promise it was planted against: the search goes on until that one shows.
find_planted() {
    local bug=$1 promise=${2:-} next=$start end=$((SECONDS + search)) seed
    while [ $SECONDS -lt $end ]; do
        if timeout $((search + 60)) "$sim" --seeds 100000 --start "$next" --minutes 10 --time-limit $((end - SECONDS)) --plant "$bug" \
            >"$out/$bug" 2>&1; then
            break
        fi
        seed=$(sed -nE 's/^seed ([0-9]+) broke .*/\1/p' "$out/$bug" | head -1)
        [ -n "$seed" ] || fail "the simulator failed otherwise or did not end, with $bug: $(tail -3 "$out/$bug")"
        if grep -qE "^seed $seed broke $promise" "$out/$bug"; then
            echo "found: $bug: $(grep -E "^seed " "$out/$bug")"
            return
        fi
        next=$((seed + 1))
    done
    fail "the planted bug $bug was not found in $((${next} - start)) worlds and more"
}
bugs=(
    "stops-busy-replicas" "swaps-too-early" "trusts-old-records" "misses-changes" "rolls-too-fast rollout_serves"
    "leaves-out-replicas" "overbooks capacity" "repeats-predictions predicted_once"
    "loses-cancellations cancellation_is_kept"
)
find_half() { for ((i = $1; i < ${#bugs[@]}; i += 2)); do find_planted ${bugs[i]}; done; }
find_half 0 &
half=$!
find_half 1
wait $half
