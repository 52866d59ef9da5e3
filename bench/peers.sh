#!/usr/bin/env bash
# Unpacks the other servers that make bench compares with into .deps/, where only bench/ looks. Uses the network the
# first time; the servers that could not be had are not compared with.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .deps

unpack() {
    local name=$1 work
    shift
    [[ ! -d .deps/$name ]] || return 0
    work=$(mktemp -d "$PWD/.deps/$name.XXXXXX")
    if ! (cd "$work" && apt-get -q -o APT::Sandbox::User="$(id -un)" download "$@"); then
        echo "bench: $name could not be fetched and is left out" >&2
        rm -rf "$work"
        return 0
    fi
    for archive in "$work"/*.deb; do
        dpkg -x "$archive" "$work/root"
    done
    mv "$work/root" ".deps/$name"
    rm -rf "$work"
}

unpack proftpd proftpd-core proftpd-mod-crypto libhiredis0.14 libmemcached11 libmemcachedutil2 libhashkit2 \
    libpcre2-posix3 libsodium23
unpack twisted python3-twisted python3-automat python3-constantly python3-hyperlink python3-incremental \
    python3-zope.interface python3-hamcrest python3-openssl python3-service-identity python3-pyasn1 \
    python3-pyasn1-modules python3-attr python3-bcrypt python3-typing-extensions python3-idna
