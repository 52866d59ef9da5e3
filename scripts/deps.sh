#!/usr/bin/env bash
# Fetches what building and testing needs from the distribution's archive; the only step that touches the network.
#
#   scripts/deps.sh            installs exactly what is missing; asks nothing of the network when nothing is
#   scripts/deps.sh --build    the same, but only for building
#   scripts/deps.sh --long     the same, and what only the long run of the tests needs
#
# Packages that would start a daemon, or that belong to another architecture, are not installed: they are unpacked
# below .deps/, where only the tests look.
set -euo pipefail
cd "$(dirname "$0")/.."
deps=$PWD/.deps

build_packages=(gcc libc6-dev make cmake ninja-build pkg-config libssl-dev libuv1-dev zlib1g-dev libcrypt-dev)
test_packages=(
    g++ clang llvm libclang-rt-14-dev ccache libcmocka-dev
    python3 python3-pytest python3-pytest-timeout python3-pytest-xdist python3-paramiko python3-asyncssh
    openssh-client sshpass lftp curl putty-tools rclone restic sshfs fuse3 git sqlite3
    php-cli php-phpseclib php-phpseclib3 default-jdk-headless libjsch-java libjenkins-trilead-ssh2-java libnet-sftp-foreign-perl
    ruby-net-sftp libssh-dev nodejs
    mandoc doxygen codespell clang-format zsh fish procps binutils util-linux
    gcc-i686-linux-gnu libc6-dev-i386-cross gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user)
# For tests/interop/workflows alone.
long_packages=(ansible-core)
# Of the other architectures: what the tests of the pure folders are linked with.
cross_packages=(libcmocka-dev libcmocka0 libssl-dev libssl3 zlib1g-dev zlib1g)
# Clients that the archive has not, from npm's registry; npm itself comes with some builds of nodejs.
node_packages=(ssh2@1.17.0 ssh2-sftp-client@12.1.1)
command -v npm >/dev/null || test_packages+=(npm)
packages=("${build_packages[@]}")
[[ ${1:-} == --build ]] || packages+=("${test_packages[@]}")
[[ ${1:-} != --long ]] || packages+=("${long_packages[@]}")

missing_packages() {
    local installed
    installed=" $({ dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' "${packages[@]}" 2>/dev/null || true; } |
        sed -n 's/^installed \([^:]*\).*/\1/p' | tr '\n' ' ') "
    local package
    for package in "${packages[@]}"; do
        [[ $installed == *" $package "* ]] || echo "$package"
    done
}

have_sshd() { [[ -x $deps/sshd/usr/sbin/sshd && -e $deps/sshd/usr/lib/$(uname -m)-linux-gnu/libwrap.so.0 ]]; }
have_cross() {
    local root=$deps/$1 file
    for file in usr/include/{cmocka,zlib,"$2/openssl/configuration"}.h usr/lib/"$2"/{libcmocka,libcrypto}.so lib/"$2"/libz.so.1; do
        [[ -e $root/$file ]] || return 1
    done
}

have_node() { [[ -e $deps/node/node_modules/ssh2/package.json && -e $deps/node/node_modules/ssh2-sftp-client/package.json ]]; }

missing_private() {
    have_sshd || echo sshd
    have_node || echo node
    have_cross i386 i386-linux-gnu || echo i386
    have_cross s390x s390x-linux-gnu || echo s390x
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    else
        sudo "$@"
    fi
}

# unpack NAME PACKAGE...: downloads and unpacks into .deps/NAME, through a directory aside so that a broken-off run
# leaves nothing that looks complete. $apt holds the options.
unpack() {
    local name=$1 work
    shift
    work=$(mktemp -d "$deps/$name.XXXXXX")
    if ! (cd "$work" && apt-get "${apt[@]}" download "$@"); then
        rm -rf "$work"
        return 1
    fi
    local archive
    for archive in "$work"/*.deb; do
        dpkg -x "$archive" "$work/root"
    done
    rm -rf "${deps:?}/$name"
    mv "$work/root" "$deps/$name"
    rm -rf "$work"
}

# Another architecture's packages through an apt of our own: the system's list of architectures stays as it is.
foreign_apt() {
    local arch=$1 root=$deps/apt file
    mkdir -p "$root"/{state/lists/partial,cache/archives/partial,sources}
    : >"$root/state/status"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
        if [[ -f $file ]]; then
            ln -sf "$file" "$root/sources/"
        fi
    done
    apt=(-q -o Dir::State="$root/state" -o Dir::State::status="$root/state/status" -o Dir::Cache="$root/cache"
        -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$root/sources" -o APT::Architecture="$arch"
        -o APT::Architectures::="$arch" -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)")
    apt-get "${apt[@]}" update || echo "deps: some lists could not be read; going on with those that could" >&2
}

mapfile -t missing < <(missing_packages)
private=()
[[ ${1:-} == --build ]] || mapfile -t private < <(missing_private)
if [[ ${#missing[@]} -eq 0 && ${#private[@]} -eq 0 ]]; then
    echo "deps: nothing is missing"
    exit 0
fi

echo "deps: fetching ${missing[*]} ${private[*]/#/.deps/}"
if [[ ${#missing[@]} -gt 0 ]]; then
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
fi
mkdir -p "$deps"
for name in "${private[@]}"; do
    case $name in
    sshd)
        apt=(-q -o APT::Sandbox::User="$(id -un)")
        # The lists may be too old, or not be there at all.
        unpack sshd openssh-server openssh-sftp-server libwrap0 || {
            as_root apt-get -q update
            unpack sshd openssh-server openssh-sftp-server libwrap0
        }
        ;;
    node)
        work=$(mktemp -d "$deps/node.XXXXXX")
        npm --prefix "$work" install --silent --no-audit --no-fund --ignore-scripts --omit=optional "${node_packages[@]}"
        rm -rf "$deps/node"
        mv "$work" "$deps/node"
        ;;
    i386 | s390x)
        foreign_apt "$name"
        unpack "$name" "${cross_packages[@]/%/:$name}"
        ;;
    esac
done
rm -rf "$deps/apt"
echo "deps: done"
