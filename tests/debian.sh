# For `tests/engines` and `tests/identity-provider`: what both need to take packages of a Debian
# release without installing them on this machine.

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)

fail() {
    echo "tests/${0##*/}: $1" >&2
    exit 1
}

# Sets `mirror`: the archive that this machine's apt uses; `DEBIAN_MIRROR` names another.
find_mirror() {
    PATH=$PATH:/usr/sbin:/sbin
    command -v debootstrap >/dev/null || fail '`debootstrap` is not installed; `tests/setup` installs it'
    mirror=${DEBIAN_MIRROR:-}
    [ -z "$mirror" ] || return 0
    command -v apt-get >/dev/null || fail 'this machine has no apt; name a Debian archive in `DEBIAN_MIRROR`'
    mirror=$(mirror_of_apt)
    # Images of machines come without the lists.
    [ -n "$mirror" ] || { "${as_root[@]}" apt-get update -qq && mirror=$(mirror_of_apt); }
    [ -n "$mirror" ] || fail 'apt uses no Debian archive here; name one in `DEBIAN_MIRROR`'
}

# The main archive: security archives hold single packages only.
mirror_of_apt() {
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
        awk '$1 == "Debian" && $2 !~ /security/ && $2 ~ /^(https?|file|copy):/ && !found++ { print $2 }'
}
