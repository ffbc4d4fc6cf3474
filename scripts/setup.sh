#!/bin/sh
# Prepare a Debian machine: system packages that are missing, then .venv from requirements.lock.
# Usage: scripts/setup.sh COMMAND:PACKAGE ...   (COMMAND, or the path of a file, is looked for; PACKAGE is apt's name)
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin:/sbin"
python=${PYTHON:-python3}
stamp=.venv/installed

missing=
for pair in "$@"; do
    case "$pair" in
        /*) [ -e "${pair%%:*}" ] ;;
        *) command -v "${pair%%:*}" >/dev/null 2>&1 ;;
    esac || missing="$missing ${pair#*:}"
done
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "setup: please install$missing (this machine has no apt-get), then run make again." >&2
        exit 2
    fi
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    echo "setup: installing by apt:$missing"
    $sudo apt-get update -q >/dev/null
    # A packaged Mosquitto would start itself as a service on port 1883; ours runs on a port of its own.
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -q -y --no-install-recommends $missing >/dev/null
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "setup: Python 3.11 or newer is needed; name one with: make PYTHON=python3.11 …" >&2
    exit 2
}
wanted=$(cat requirements.lock pyproject.toml | sha256sum | cut -c1-64)
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "setup: installing Python packages into .venv (about a minute the first time)"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    echo "$wanted" >"$stamp"
fi
