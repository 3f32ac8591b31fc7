#!/usr/bin/env bash
# All tests: format, build without warnings, Swift tests, then simulated worlds beside the real clients and all kinds of
# trouble against the running binary.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$root"
missing=()
need nginx-light test -x /usr/sbin/nginx
need gcc command -v gcc
apt_install "${missing[@]}"
begin=$(date +%s)
step() { printf '\n== %s (%s s)\n' "$*" $(($(date +%s) - begin)); }

step "Format"
swift format lint --strict --recursive Package.swift Sources Tests

step "Build"
log=$(mktemp)
lanes=$(mktemp -d)
trap 'rm -rf "$log" "$lanes"' EXIT
# Dependencies have warnings of their own, so ours are looked for by their path.
swift build --build-tests 2>&1 | tee "$log" | grep -E "error:|Compiling|Build complete" | tail -3 || true
[ "${PIPESTATUS[0]}" -eq 0 ] || { grep -E "error:" -A5 "$log"; fail "the build failed"; }
if grep -E "^$root/(Sources|Tests)/.*warning:" "$log"; then fail "the build has warnings"; fi

step "Swift tests"
# A few at a time: some wait for timeouts, and all at once would starve each other on small machines.
SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 timeout 1200 swift test --skip-build 2>&1 | tee "$log" |
    { grep -aE --line-buffered "^✘|^✔ (Suite|Test run)|error:" || true; } | cut -c1-1000
if [ "${PIPESTATUS[0]}" -ne 0 ]; then
    tail -c 10000 "$log"
    # What failed comes last: the end of a long output is what is kept of it.
    grep -aE "^✘|error:|Fatal|Crash" "$log" | cut -c1-1000 || true
    fail "Swift tests failed"
fi

step "Simulator"
simulator=$lanes/slipway-sim
scripts/simulate.sh --build "$simulator"

step "Conformance tests with the real clients, and simulated worlds in the time they leave"
export SLIPWAY_BINARY
SLIPWAY_BINARY=$(swift build --show-bin-path)/slipway
conformance() { .venv/bin/python -m pytest Tests/Conformance "$@" </dev/null; }
if [ $# -gt 0 ]; then
    conformance "$@"
else
    # They wait more than they work: those of the session's server beside those that start servers of their own.
    lane() { conformance --lane "$1" 2>&1 | tee "$lanes/$1" | sed -u "s/^/$1: /"; }
    worlds() {
        # Servers of the tests are sessions of their own, and so groups of their own to the scheduler: the worlds are one
        # too, of the least weight.
        SIMULATOR=$simulator SIMULATION_SECONDS=240 SEARCH_SECONDS=900 setsid --wait bash -c \
            'echo 19 >/proc/$$/autogroup || true; exec chrt --idle 0 scripts/simulate.sh' 2>&1 |
            tee "$lanes/worlds" | sed -u "s/^/worlds: /"
    }
    worlds &
    worlds=$!
    lane own &
    own=$!
    failed=0
    lane shared || failed=1
    wait $own || failed=1
    wait $worlds || failed=1
    # What failed comes last: the end of a long output is what is kept of it.
    grep -ahE "^(FAILED|ERROR) " "$lanes"/{own,shared} || true
    [ $failed -eq 0 ] || { tail -20 "$lanes/worlds"; fail "conformance tests or worlds failed"; }
fi
step "All tests passed"
