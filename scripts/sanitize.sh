#!/usr/bin/env bash
# The Swift tests under a sanitizer: scripts/sanitize.sh thread|address. Builds everything anew in .build-SANITIZER, so
# it takes a while; not part of CI. Ends with lines `figure NAME VALUE UNIT` and fails if anything was reported.
set -euo pipefail
sanitizer=${1:-}
skipped=()
case $sanitizer in
address) ;;
thread)
    # Its runtime ends in processes that start others past libc, as the engine does, and in the toolchain's own
    # random generator, which uploads draw their keys from.
    skipped=(--skip SlipwayLocalEngineTests --skip SlipwayBlobsTests --skip SlipwayServerTests)
    ;;
*)
    sed -n '2,3p' "$0"
    exit 2
    ;;
esac
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$root"
scratch=.build-$sanitizer
mkdir -p "$scratch"
swift build --build-tests --sanitize "$sanitizer" --scratch-path "$scratch" 2>&1 | tail -1
# Reports go on, so that one run shows them all.
export TSAN_OPTIONS="halt_on_error=0 suppressions=$root/scripts/sanitize-thread.txt"
export ASAN_OPTIONS="detect_leaks=0"
status=0
SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 swift test --skip-build --sanitize "$sanitizer" \
    --scratch-path "$scratch" "${skipped[@]}" >"$scratch/report.txt" 2>&1 || status=$?
grep -E "^SUMMARY: (Thread|Address)Sanitizer" "$scratch/report.txt" | sort | uniq -c | sort -rn || true
tail -3 "$scratch/report.txt"
echo "The whole output is in $scratch/report.txt"
echo "figure ${sanitizer}_sanitizer_reports $(grep -cE "^SUMMARY: (Thread|Address)Sanitizer" "$scratch/report.txt" || true) reports"
[ "$status" -eq 0 ]
