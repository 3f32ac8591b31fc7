#!/usr/bin/env bash
# Runs one benchmark against a release build: scripts/bench.sh NAME, a folder of Benchmarks.
# Ends with lines `figure NAME VALUE UNIT`. Most need the ports 8000 and 9090.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
name=${1:-}
if [ ! -f "Benchmarks/$name/run.py" ]; then
    echo "usage: scripts/bench.sh $(cd Benchmarks && echo */ | tr -d / | tr ' ' '|' | sed 's/|common//')" >&2
    exit 2
fi
source scripts/setup.sh
if [ -f "Benchmarks/$name/packages.txt" ]; then
    bench=$root/.build/bench-venv
    [ -x "$bench/bin/python" ] || python3 -m venv "$bench"
    .venv/bin/uv pip install --quiet --python "$bench/bin/python" -r "Benchmarks/$name/packages.txt"
    export BENCH_PYTHON=$bench/bin/python
fi
if grep -q "import proxies" "Benchmarks/$name/run.py"; then
    # The gateway alone beside its peers.
    missing=()
    need nginx-light test -x /usr/sbin/nginx
    need haproxy test -x /usr/sbin/haproxy
    need wrk command -v wrk
    apt_install "${missing[@]}"
    swift build -c release --product gateway-host 2>&1 | tail -1
    GATEWAY_HOST=$(swift build -c release --show-bin-path)/gateway-host
    export GATEWAY_HOST
else
    if grep -q nginx "Benchmarks/$name/run.py"; then
        missing=()
        need nginx-light test -x /usr/sbin/nginx
        need gcc command -v gcc
        apt_install "${missing[@]}"
    fi
    swift build -c release --product slipway 2>&1 | tail -1
    SLIPWAY_BINARY=$(swift build -c release --show-bin-path)/slipway
    export SLIPWAY_BINARY
fi
exec .venv/bin/python "Benchmarks/$name/run.py"
