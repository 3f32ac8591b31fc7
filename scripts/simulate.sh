#!/usr/bin/env bash
# The simulated worlds that CI runs: some that are always the same, some that are new, and planted bugs that must be
# found. About two minutes; `slipway-sim --seeds 1000000` is the long run.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$root"
swift build --product slipway-sim 2>&1 | grep -E "error:" || true
sim=$(swift build --show-bin-path)/slipway-sim
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# One process each: a simulation has one thread. The fixed worlds are so many, however long they take.
fixed_worlds=6
"$sim" --seeds $fixed_worlds --start 1 --minutes 10 >"$out/fixed" 2>&1 &
fixed=$!
# New ones in every run; the output of a failure names its seed.
"$sim" --seeds 1000 --start "$(date +%s)" --minutes 10 --time-limit "${SIMULATION_SECONDS:-40}" >"$out/fresh" 2>&1 &
fresh=$!
status=0
wait $fixed || status=1
wait $fresh || status=1
cat "$out/fixed" "$out/fresh"
[ $status -eq 0 ] || fail "a simulated world broke a promise"
grep -q "^figure sim_seeds $fixed_worlds seeds" "$out/fixed" || fail "fewer than $fixed_worlds fixed worlds ran"
# A promise that was never looked at was not kept, it was not asked for.
grep -q "^figure sim_checked_" "$out/fixed" || fail "the simulator does not say what it checked"
! grep -E "^figure sim_checked_.* 0 evaluations" "$out/fixed" || fail "the fixed worlds never checked a promise"

echo "A seed has one course of events:"
"$sim" --seeds 1 --start 3 --minutes 3 --twice | grep "figure sim_steps"

# Each bug with a seed near which it shows.
find_planted() {
    if "$sim" --seeds 60 --start "$2" --minutes 10 --time-limit 300 --plant "$1" >"$out/$1" 2>&1; then
        fail "the planted bug $1 was not found"
    fi
    grep -qE "^seed .*${3:-}" "$out/$1" || fail "the simulator failed otherwise: $(tail -3 "$out/$1")"
    echo "found: $1: $(grep -E "^seed " "$out/$1")"
}
find_planted stops-busy-replicas 303 &
first=$!
find_planted swaps-too-early 1 && find_planted trusts-old-records 1
wait $first
find_planted rolls-too-fast 304 &
first=$!
find_planted leaves-out-replicas 1 "is not routed"
find_planted overbooks 1 "more than the machine has"
find_planted repeats-predictions 1 "was predicted twice"
find_planted loses-cancellations 1 "canceled and is"
wait $first
