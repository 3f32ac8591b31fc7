#!/usr/bin/env bash
# Makes packages that need no Swift: a tarball and a Python wheel, with the Swift runtime inside the program.
#   scripts/package.sh [--binary FILE] [--out DIRECTORY]
# Without --binary the program is built first, which takes some ten minutes. Packed from the same program, packages are the
# same to the byte. COMPRESSION is the level of xz (6).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$root"
binary="" out=$root/.build/packages
while [ $# -gt 0 ]; do
    case $1 in
    --binary) binary=$(realpath "$2") && shift 2 ;;
    --out) out=$(realpath -m "$2") && shift 2 ;;
    *) fail "unknown argument $1; see the head of $0" ;;
    esac
done
missing=()
need xz-utils command -v xz
need binutils command -v strip
apt_install "${missing[@]}"
if [ -z "$binary" ]; then
    # A directory of its own: the one of other builds has the runtime outside.
    swift build -c release --static-swift-stdlib --product slipway --scratch-path .build-package
    binary=$(swift build -c release --static-swift-stdlib --scratch-path .build-package --show-bin-path)/slipway
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
version=$("$binary" --version)
name=slipway-$version-linux-$(uname -m)
mkdir -p "$out" "$work/$name"/{bin,share/doc/slipway,share/bash-completion/completions,share/zsh/site-functions} \
    "$work/$name/share/fish/vendor_completions.d"
strip -o "$work/$name/bin/slipway" "$binary"
cp -r README.md SECURITY.md RELIABILITY.md docs "$work/$name/share/doc/slipway"
cd "$work/$name"
"$binary" --generate-completion-script bash >share/bash-completion/completions/slipway
"$binary" --generate-completion-script zsh >share/zsh/site-functions/_slipway
"$binary" --generate-completion-script fish >share/fish/vendor_completions.d/slipway.fish
cd "$work"
chmod -R u=rwX,go=rX "$name"
tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner "$name" |
    xz -T0 "-${COMPRESSION:-6}" >"$out/$name.tar.xz"
SLIPWAY_BINARY=$work/$name/bin/slipway "$root/.venv/bin/uv" build --quiet --wheel --out-dir "$out" "$root/python"
rm -f "$out/.gitignore"
ls -l "$out"
