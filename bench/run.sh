#!/usr/bin/env bash
# make bench: see docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "$0")/.."
exec /usr/bin/python3 bench/compare.py "${1:-build/release}" "${@:2}"
