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

# One process each: a simulation has one thread.
"$sim" --seeds 1000 --start 1 --minutes 10 --time-limit "${SIMULATION_SECONDS:-45}" >"$out/fixed" 2>&1 &
fixed=$!
# New ones in every run; the output of a failure names its seed.
"$sim" --seeds 1000 --start "$(date +%s)" --minutes 10 --time-limit "${SIMULATION_SECONDS:-45}" >"$out/fresh" 2>&1 &
fresh=$!
status=0
wait $fixed || status=1
wait $fresh || status=1
cat "$out/fixed" "$out/fresh"
[ $status -eq 0 ] || fail "a simulated world broke a promise"

echo "A seed has one course of events:"
"$sim" --seeds 1 --start 3 --minutes 3 --twice | grep "figure sim_steps"

# Seeds that show each bug; they differ only in what they make likely.
while read -r bug seed; do
    if "$sim" --seeds 60 --start "$seed" --minutes 10 --time-limit 60 --plant "$bug" >"$out/planted" 2>&1; then
        fail "the planted bug $bug was not found"
    fi
    grep -E "^seed " "$out/planted" || fail "the simulator failed otherwise: $(tail -3 "$out/planted")"
    echo "found: $bug"
done <<'BUGS'
stops-busy-replicas 1
swaps-too-early 1
trusts-old-records 1
rolls-too-fast 10
BUGS
