#!/bin/sh
# Nothing in the repository may depend on one machine or on one package index.
set -eu
cd "$(dirname "$0")/.."
found=$(git ls-files -z | xargs -0 grep -nIE '(^|[^A-Za-z0-9_.])/(work|home/[a-z]+|root)/|--(extra-)?index-url|"resolved": *"http|find-links +[^"]' -- 2>/dev/null |
    grep -v '^scripts/check_neutral.sh:' | grep -v '^Makefile:.*no-emit' || true)
if [ -n "$found" ]; then
    echo "machine paths or index addresses in the repository:" >&2
    echo "$found" >&2
    exit 1
fi
