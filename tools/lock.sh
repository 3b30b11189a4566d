#!/bin/sh
# Resolve pyproject.toml anew into the two lock files, and the one of npm: exact versions, a sha256 for every file,
# one resolution for every supported Python and platform. `UPGRADE=1` also moves to newer versions.
set -eu
cd "$(dirname "$0")/.."

UV_VERSION=0.13.8
tool=build/lock-tool
if [ ! -x "$tool/bin/uv" ]; then
    "${PYTHON:-python3}" -m venv "$tool"
    "$tool/bin/python" -m pip install --quiet "uv==$UV_VERSION"
fi

compile() { # compile OUTPUT ARGUMENTS...
    output=$1
    shift
    "$tool/bin/uv" pip compile pyproject.toml --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
        ${UPGRADE:+--upgrade} --output-file "$output" "$@"
}

compile requirements.lock --extra build
compile requirements-dev.lock --extra build --extra dev --extra s3 --extra voice --constraint requirements.lock

# What tests fetch from npm; `npm ci` asks whichever registry the machine is set up for.
if command -v npm >/dev/null; then
    npm install --prefix tests/gateways/npm --package-lock-only --omit-lockfile-registry-resolved \
        --ignore-scripts --no-audit --no-fund --loglevel=error
fi

if grep -n '"resolved"' tests/gateways/npm/package-lock.json || grep -n '://' requirements.lock requirements-dev.lock; then
    echo "A lock file names an address; it may hold names, versions and hashes only." >&2
    exit 1
fi
