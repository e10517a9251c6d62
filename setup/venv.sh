#!/bin/sh
# Makes the virtual environment: setup/venv.sh FOLDER [PYTHON]
# Finds a Python of 3.11 or newer, installs what Debian splits off from it when we may, else says what to install.
set -eu

folder=$1
wanted=${2:-}

say() { printf '%s\n' "$*" >&2; }

new_enough() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    if [ -n "$wanted" ]; then
        new_enough "$wanted" && echo "$wanted" && return
        say "Deskbot needs Python 3.11 or newer, and PYTHON=$wanted is not: $("$wanted" --version 2>&1 || true)"
    else
        for name in python3 python3.14 python3.13 python3.12 python3.11; do
            new_enough "$name" && echo "$name" && return
        done
        say "Deskbot needs Python 3.11 or newer, and there is none on PATH (python3 is: $(python3 --version 2>&1 || true))."
        say "Install one (Debian 12, Ubuntu 24.04 or newer: apt-get install python3 python3-venv),"
        say "or name one: make run PYTHON=/path/to/python3"
    fi
    exit 1
}

# Debian and Ubuntu keep the module that `python -m venv` needs in a package of its own.
complete_python() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing $package, which $1 lacks"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" ca-certificates >/dev/null
    else
        say "$1 cannot make virtual environments. On Debian or Ubuntu: sudo apt-get install $package"
        exit 1
    fi
}

python=$(find_python)
complete_python "$python"
say "Making $folder with $("$python" --version)"
"$python" -m venv --clear "$folder"
