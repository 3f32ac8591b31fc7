#!/usr/bin/env bash
# Fuzzes the parsers that read what strangers send: scripts/fuzz.sh [TARGET|all] [SECONDS], each target for so long.
# Starts from the small corpora in Fuzzing/Corpora; what it finds beyond stays in .build-fuzz. With 0 seconds it only
# runs the corpora once. Not part of the tests. Ends with lines `figure fuzz_TARGET_executions N runs`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
all=(archive config graphql http names s3chunks)
wanted=${1:-all}
seconds=${2:-60}
[[ " all ${all[*]} " == *" $wanted "* && $seconds =~ ^[0-9]+$ ]] || {
    echo "usage: scripts/fuzz.sh [all|$(IFS='|'; echo "${all[*]}")] [SECONDS]" >&2
    exit 2
}
[ "$wanted" = all ] && targets=("${all[@]}") || targets=("$wanted")

scratch=$PWD/.build-fuzz
sanitizers=(-sanitize=fuzzer,address)
options=(-Xswiftc -enable-testing -Xswiftc -parse-as-library)
for flag in "${sanitizers[@]}"; do options+=(-Xswiftc "$flag"); done
for target in "${targets[@]}"; do
    # Optimised: overflows and indices are still checked, and the address sanitizer sees the rest.
    swift build --package-path Fuzzing --scratch-path "$scratch" -c release "${options[@]}" \
        --product "fuzz-$target" 2>&1 | { grep -E "error|warning: [^']|complete" || true; }
    swiftc "${sanitizers[@]}" "$scratch/release/libfuzz-$target.a" -o "$scratch/fuzz-$target" 2>&1 |
        { grep -v "Cannot export local symbol" || true; }
done

status=0
figures=()
for target in "${targets[@]}"; do
    mkdir -p "$scratch/corpus/$target" "$scratch/crashes/$target" "Fuzzing/Corpora/$target"
    limits=(-timeout=5 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1)
    if [ "$seconds" = 0 ]; then limits+=(-runs=0); else limits+=("-max_total_time=$seconds"); fi
    echo "== $target"
    dictionary=Fuzzing/Dictionaries/$target.txt
    [ -f "$dictionary" ] && limits+=("-dict=$dictionary")
    "$scratch/fuzz-$target" "${limits[@]}" -artifact_prefix="$scratch/crashes/$target/" \
        "$scratch/corpus/$target" "Fuzzing/Corpora/$target" >"$scratch/$target.log" 2>&1 || {
        status=1
        tail -40 "$scratch/$target.log"
    }
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$scratch/$target.log")
    figures+=("figure fuzz_${target}_executions ${runs:-0} runs")
done
printf '%s\n' "${figures[@]}"
exit $status
