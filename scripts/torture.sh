#!/usr/bin/env bash
# Kills the server again and again while it works: scripts/torture.sh [KILLS [SEED]]. `scripts/torture.sh steps [N]`
# lets it die before and after every sync, and every write to the database (or each Nth), of one scenario instead.
# Prints the seed, and lines `figure NAME VALUE UNIT` at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/setup.sh
if [ -z "${SLIPWAY_BINARY:-}" ]; then
    swift build --product slipway 2>&1 | tail -1
    SLIPWAY_BINARY=$(swift build --show-bin-path)/slipway
    export SLIPWAY_BINARY
fi
cd Tests/Conformance
if [ "${1:-}" = steps ]; then
    exec "$root/.venv/bin/python" -m crash --steps ${2:+--every "$2"}
fi
exec "$root/.venv/bin/python" -m crash --kills "${1:-200}" ${2:+--seed "$2"}
