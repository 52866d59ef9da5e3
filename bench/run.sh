#!/usr/bin/env bash
# make bench, make bench-quick: see docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/bench
cmake --preset release -B "$build" -DSALLY_BENCH=ON -DBUILD_TESTING=OFF -DSALLY_EXAMPLES=OFF >/dev/null
cmake --build "$build" -j "$(nproc)" >/dev/null
exec /usr/bin/python3 bench/run.py "$build" "$@"
