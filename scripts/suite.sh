#!/usr/bin/env bash
# Run pytest with the given arguments. Up to three failed tests are tried once more, alone on the machine; those that
# pass then are named as unsteady and do not fail the run (docs/decisions/0233-one-more-try-alone.md says why).
set -uo pipefail
cd "$(dirname "$0")/.."
cache=${SUITE_CACHE:-.pytest_cache}
failed=$cache/v/cache/lastfailed
rm -f "$failed"
.venv/bin/pytest -q -o cache_dir="$cache" "$@"
code=$?
# 1: tests ran and some failed; anything else (interrupted, wrong usage, no tests) stands as it is.
[ $code -eq 1 ] && [ -f "$failed" ] || exit $code
mapfile -t names < <(.venv/bin/python -c 'import json, sys; print(*json.load(open(sys.argv[1])), sep="\n")' "$failed")
[ ${#names[@]} -le 3 ] || exit $code
printf '\nsuite: tried once more, alone:\n'
printf '  %s\n' "${names[@]}"
.venv/bin/pytest -q -o cache_dir="$cache" "$@" -n 0 --last-failed --last-failed-no-failures none || exit
printf '\nsuite: UNSTEADY, to be mended: failed beside others, passed alone:\n'
printf '  %s\n' "${names[@]}"
