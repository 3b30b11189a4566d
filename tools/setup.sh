#!/bin/sh
# Make .venv ready: tools/setup.sh run|dev. Calling it again when nothing changed costs milliseconds.
set -eu
cd "$(dirname "$0")/.."

kind=${1:?say run or dev}
case $kind in
    run) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *) echo "tools/setup.sh knows run and dev, not '$kind'." >&2; exit 2 ;;
esac

fail() { printf '\n%s\n\n' "$*" >&2; exit 1; }

new_enough() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed and was not found (looked for ${PYTHON:-python3, python3.13,
python3.12 and python3.11}). Install it (Debian: apt install python3 python3-venv), or say where it
is: make PYTHON=/path/to/python3.12 ..."
}

make_venv() {
    python=$(find_python)
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python cannot make virtual environments because its module ensurepip is missing. On Debian and
Ubuntu run: apt install python3-venv"
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

# What the installed set depends on; cksum is in POSIX, sha256sum is not.
wanted=$(cat pyproject.toml requirements.lock "$lock" | cksum)
ready() { [ -f ".venv/ready-$1" ] && [ "$(cat ".venv/ready-$1")" = "$wanted" ]; }

export PIP_DISABLE_PIP_VERSION_CHECK=1
if ! new_enough .venv/bin/python; then
    make_venv
fi
if ! ready "$kind"; then
    rm -f .venv/ready-*
    echo "Installing $lock (once; about a minute on a fresh machine)"
    .venv/bin/python -m pip install --quiet --require-hashes -r "$lock"
    # Not isolated: the build tools come from the lock file too, so nothing unpinned is fetched.
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
    echo "$wanted" >".venv/ready-$kind"
    if [ "$kind" = dev ]; then # dev holds all of run
        cat pyproject.toml requirements.lock requirements.lock | cksum >.venv/ready-run
    fi
fi

stamp=.venv/messages-compiled
if [ ! -f "$stamp" ] || [ -n "$(find src -name '*.po' -newer "$stamp")" ]; then
    touch "$stamp.begun" # before reading, so that a file saved meanwhile is compiled next time
    .venv/bin/python -m prepazka.looks.compile_messages
    mv "$stamp.begun" "$stamp"
fi

# The service's user may not write here, so it would compile at every start what is not compiled now;
# pip has compiled the packages.
stamp=.venv/modules-compiled
if [ ! -f "$stamp" ] || [ -n "$(find src -name '*.py' -newer "$stamp" -print | head -n 1)" ]; then
    touch "$stamp.begun"
    .venv/bin/python -m compileall -q src
    mv "$stamp.begun" "$stamp"
fi
