#!/usr/bin/env bash
# Installs what the other scripts need and is missing: system packages, and a Python environment in .venv with
# the official clients. Quick when nothing is missing. Sourced by the other scripts for its functions and PATH.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
    echo "error: $*" >&2
    exit 1
}

# Debian package and how to see that it is there.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

has_python_venv() {
    python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'
}

# For the Python that an ordinary user has: tests build extensions with it.
has_python_headers() {
    compgen -G "/usr/include/python3*/Python.h"
}

install_packages() {
    missing=()
    need python3 command -v python3
    need python3-venv has_python_venv
    need curl command -v curl
    need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
    need util-linux command -v unshare
    need libnss-myhostname getent hosts api.localhost
    # What gives replicas a way out of their networks: root's, and an ordinary user's.
    need iproute2 command -v ip
    need nftables test -x /usr/sbin/nft
    need slirp4netns command -v slirp4netns
    need libsqlite3-dev test -e /usr/include/sqlite3.h
    need libre2-dev test -e /usr/include/re2/re2.h
    need gcc command -v cc
    need git command -v git
    need python3-dev has_python_headers
    # The dashboard is tested in a real browser.
    need chromium command -v chromium
    need chromium-driver command -v chromedriver
    apt_install "${missing[@]}"
    getent hosts api.localhost >/dev/null || fail "api.localhost does not resolve: add myhostname to hosts in /etc/nsswitch.conf"
}

apt_install() {
    [ $# -eq 0 ] && return
    command -v apt-get >/dev/null || fail "these packages are missing: $*"
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "run as root: apt-get install $*"
        sudo=(sudo)
    fi
    echo "Installing $*"
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

make_environment() {
    local wanted
    wanted=$(cat "$root/scripts/requirements.txt" "$root/scripts/requirements-alone.txt")
    if [ "$(cat "$root/.venv/.installed" 2>/dev/null)" != "$wanted" ]; then
        echo "Making .venv with the official clients"
        rm -rf "$root/.venv"
        python3 -m venv "$root/.venv"
        "$root/.venv/bin/pip" install --quiet --disable-pip-version-check uv==0.10.0
        "$root/.venv/bin/uv" pip install --quiet --python "$root/.venv/bin/python" -r "$root/scripts/requirements.txt"
        "$root/.venv/bin/uv" pip install --quiet --python "$root/.venv/bin/python" --no-deps -r "$root/scripts/requirements-alone.txt"
        echo "$wanted" >"$root/.venv/.installed"
    fi
}

command -v swift >/dev/null || fail "no swift on PATH: install a Swift 6.3 toolchain from swift.org"
install_packages
make_environment
