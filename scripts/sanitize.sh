#!/usr/bin/env bash
# The Swift tests under a sanitizer: scripts/sanitize.sh thread|address. Builds everything anew in .build-SANITIZER, so
# it takes a while; not part of CI. Ends with lines `figure NAME VALUE UNIT` and fails if anything was reported.
set -euo pipefail
sanitizer=${1:-}
case $sanitizer in
thread | address) ;;
*)
    sed -n '2,3p' "$0"
    exit 2
    ;;
esac
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$root"
scratch=.build-$sanitizer
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build --build-tests --sanitize "$sanitizer" --scratch-path "$scratch" 2>&1 | tail -1
# Reports go on, so that one run shows them all.
export TSAN_OPTIONS="halt_on_error=0"
export ASAN_OPTIONS="detect_leaks=0:detect_stack_use_after_return=0"
status=0
SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 swift test --skip-build --sanitize "$sanitizer" \
    --scratch-path "$scratch" >"$log" 2>&1 || status=$?
grep -E "^(WARNING: ThreadSanitizer|==[0-9]+==ERROR: AddressSanitizer|SUMMARY)" "$log" | sort | uniq -c | sort -rn || true
tail -3 "$log"
reports=$(grep -cE "^SUMMARY: (Thread|Address)Sanitizer" "$log" || true)
cp "$log" "$scratch/report.txt"
echo "The whole output is in $scratch/report.txt"
echo "figure ${sanitizer}_sanitizer_reports $reports reports"
[ "$status" -eq 0 ] && [ "$reports" -eq 0 ]
