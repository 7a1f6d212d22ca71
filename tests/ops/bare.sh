#!/bin/sh
# bare.sh - tries ./dev run and ./dev test in a bare Debian 12, as root and as a user with sudo.
#
# usage: tests/ops/bare.sh [root|sudo]...     as root, with debootstrap installed
#
# Takes what is committed.  Packages come from where this machine's apt takes them; its proxy
# settings and certificates are lent to the bare system.  BARE_DIR (/var/tmp/berth-bare) keeps the
# base system and downloaded packages for the next time.  BARE_STEPS picks steps: "run test again".
set -eu

HERE=$(cd "$(dirname "$0")/../.." && pwd)
BARE_DIR=${BARE_DIR:-/var/tmp/berth-bare}
BARE_STEPS=${BARE_STEPS:-run test again}
RELEASE=bookworm

say() {
    printf 'bare: %s\n' "$*" >&2
}

# What this machine needs to reach the network, as NAME=VALUE lines.
network_environment() {
    env | grep -iE '^(http|https|no|ftp)_proxy=' || true
    echo "NODE_EXTRA_CA_CERTS=/etc/host-certificates.crt"
    echo "npm_config_cafile=/etc/host-certificates.crt"
    if command -v npm >/dev/null; then
        echo "npm_config_registry=$(npm config get registry 2>/dev/null)"
    fi
}

mirror() {
    # shellcheck disable=SC2016
    site=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $RELEASE" 2>/dev/null | head -n 1)
    [ -n "$site" ] || { echo "bare: apt knows no source of Debian $RELEASE" >&2; exit 1; }
    echo "$site"
}

make_base() {
    [ ! -f "$BARE_DIR/base.done" ] || return 0
    say "making the base system"
    mkdir -p "$BARE_DIR/archives/partial"
    rm -rf "$BARE_DIR/base"
    debootstrap --variant=minbase $RELEASE "$BARE_DIR/base" "$(mirror)" >"$BARE_DIR/debootstrap.log"
    cp /etc/resolv.conf /etc/hosts "$BARE_DIR/base/etc/"
    cp /etc/ssl/certs/ca-certificates.crt "$BARE_DIR/base/etc/host-certificates.crt"
    apt-config dump | grep -E '^Acquire::(http|https|Check-)' >"$BARE_DIR/base/etc/apt/apt.conf.d/90host" ||
        true
    touch "$BARE_DIR/base.done"
}

# make_root USER: a fresh copy with the committed source in USER's home
make_root() {
    root=$BARE_DIR/root-$1
    rm -rf "$root"
    cp -a --reflink=auto "$BARE_DIR/base" "$root"
    if [ "$1" = sudo ]; then # a plain user; sudo is all that is added
        chroot "$root" sh -c "apt-get update -q && apt-get install -y -q --no-install-recommends sudo" \
            >/dev/null
        chroot "$root" useradd -m -s /bin/sh tester
        echo "tester ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/tester"
        home=/home/tester
    else
        home=/root
    fi
    git -c safe.directory='*' clone -q --no-hardlinks "file://$HERE" "$root$home/berth"
    [ "$1" = root ] || chroot "$root" chown -R tester: "$home/berth"
}

# inside USER COMMAND...: in the bare root, with a process tree of its own that ends with the command
inside() {
    user=$1
    shift
    [ "$user" = root ] && become="" || become="setpriv --reuid=tester --regid=tester --init-groups"
    [ "$user" = root ] && home=/root || home=/home/tester
    network_environment >"$BARE_DIR/environment"
    BARE_ROOT=$BARE_DIR/root-$user
    export BARE_ROOT BARE_DIR
    # shellcheck disable=SC2016,SC2086,SC2046
    unshare --mount --pid --fork --kill-child sh -euc '
        mount -t proc proc "$BARE_ROOT/proc"
        mount --rbind /dev "$BARE_ROOT/dev"
        mount --bind "$BARE_DIR/archives" "$BARE_ROOT/var/cache/apt/archives"
        exec chroot "$BARE_ROOT" "$@"' sh \
        $become env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=$home LC_ALL=C.UTF-8 $(cat "$BARE_DIR/environment") \
        sh -c "cd $home/berth || exit 1; $*"
}

timed() { # timed WHAT COMMAND...
    what=$1
    shift
    began=$(date +%s)
    "$@" || { say "FAILED: $what"; return 1; }
    say "ok: $what, $(($(date +%s) - began)) s"
}

# ./dev run until it prints an address; the address is asked; the end by Ctrl-C's signal.
try_run() {
    # shellcheck disable=SC2016
    inside "$1" '
        ./dev run --listen 127.0.0.1:0 >out.txt & pid=$!
        while ! grep -q "listening on" out.txt && kill -0 $pid 2>/dev/null; do sleep 0.2; done
        cat out.txt
        url=$(sed -n "s/^listening on //p" out.txt)
        [ -n "$url" ] || exit 1
        python3 -c "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).status)" "$url"
        build/berth health
        kill -TERM $pid
        wait $pid'
}

[ $# -gt 0 ] || set -- root sudo
for user in "$@"; do
    make_base
    make_root "$user"
    for step in $BARE_STEPS; do
        case $step in
        run) timed "./dev run as $user" try_run "$user" ;;
        test) timed "./dev test as $user" inside "$user" ./dev test ;;
        again)
            timed "./dev test as $user, again" inside "$user" ./dev test
            timed "./dev run as $user, again" try_run "$user"
            ;;
        esac
    done
    rm -rf "$BARE_DIR/root-$user"
done
