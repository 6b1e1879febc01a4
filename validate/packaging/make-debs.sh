#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Make the .deb files from what was built; see ./run deb.
#
# usage: make-debs.sh --qemu BUILD --lpm BUILD --output DIR
# The first BUILD is of ./run build, for QEMU; the second has lpm, its manual
# and the hook, made for the prefix /usr.  DIR/PACKAGE is each package's tree.
#
# dpkg-dev's own programs and no debhelper: two packages do not need it, and
# a bare system has to fetch some 40 packages for it.
set -eu
umask 022
packaging=$(cd "$(dirname "$0")" && pwd -P)
top=${packaging%/*/*}

fail()
{
    echo "make-debs.sh: $*" >&2
    exit 1
}

qemu_build=
lpm_build=
output=
while [ $# -gt 1 ]; do
    case $1 in
    --qemu) qemu_build=$2 ;;
    --lpm) lpm_build=$2 ;;
    --output) output=$2 ;;
    *) fail "unknown option $1" ;;
    esac
    shift 2
done
[ -n "$qemu_build" ] && [ -n "$lpm_build" ] && [ -n "$output" ] ||
    fail "usage: make-debs.sh --qemu BUILD --lpm BUILD --output DIR"

maintainer=${LPM_MAINTAINER:-qemu-lpm <dev@qemu-lpm.invalid>}
# Who asks where the source is has the commit in the version.
source_url=${LPM_SOURCE_URL:-the git repository of qemu-lpm, at commit}
packages='qemu-lpm qemu-lpm-system'

# From git, so that the same commit makes the same files.  Without it (a
# tarball) the version is meson's alone, which is newer than all of git's.
commit=
if [ -e "$top/.git" ]; then
    commit=$(git -C "$top" rev-parse HEAD) ||
        fail "$top/.git is there, and git does not tell the commit"
fi
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(
    git -C "$top" log -1 --format=%ct 2>/dev/null ||
    stat -c %Y "$top/meson.build")}
export SOURCE_DATE_EPOCH

# package_version: 0.1.0 when that is what the tag says, else a version that
# is older than 0.1.0 and newer than that of an earlier commit; with Debian's
# release at the end, since an upgrade of that needs other libraries.
package_version()
{
    base=$(sed -n "s/^project('qemu-lpm'.*version: '\([^']*\)'.*/\1/p" \
           "$top/meson.build")
    [ -n "$base" ] || fail "no version in meson.build"
    tag=$(git -C "$top" describe --exact-match --tags 2>/dev/null) || tag=
    if [ -n "$commit" ] && [ "$tag" != "v$base" ]; then
        base=$base~git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M)
        base=$base.$(echo "$commit" | cut -c 1-7)
    fi
    if [ -n "$commit" ] && ! git -C "$top" diff --quiet HEAD --; then
        base=$base+changed
    fi
    echo "$base+deb$(. /etc/os-release && echo "${VERSION_ID:-0}")"
}

# fill FILE: with what @NAME@ stands for.
fill()
{
    sed -e "s|@MAINTAINER@|$maintainer|" -e "s|@YEAR@|$year|" \
        -e "s|@QEMU@|$(cat "$qemu_build/qemu/VERSION")|" \
        -e "s|@SOURCE@|$source_url ${commit:-unknown}|" \
        -e "/^@APPARMOR@\$/{r $packaging/apparmor.sh
            d}" "$1"
}

# put MODE FILE TARGET
put()
{
    mkdir -p "${3%/*}"
    install -m "$1" "$2" "$3"
}

# link TARGET NAME
link()
{
    mkdir -p "${2%/*}"
    ln -s "$1" "$2"
}

tree_of_lpm()
{
    meson install --quiet -C "$lpm_build" --no-rebuild --destdir "$PWD/all" \
        < /dev/null
    # The hook is for hosts; of ours alone, whatever is beside it.
    for part in usr/libexec/qemu-lpm etc/libvirt; do
        if [ -e "all/$part" ]; then
            mkdir -p "qemu-lpm-system/${part%/*}"
            mv "all/$part" "qemu-lpm-system/$part"
        fi
    done
    find all -depth -type d -empty -delete
    mv all qemu-lpm
    # An example with all of it commented out is what a host begins with.
    conf=$top/docs/examples/host.conf
    put 644 "$conf" qemu-lpm/etc/lpm/host.conf
    install -d qemu-lpm/var/lib/lpm
    for file in "$top"/docs/*.schema.json "$top"/docs/examples/*; do
        [ "$file" != "$conf" ] || continue
        put 644 "$file" "qemu-lpm/usr/share/doc/qemu-lpm/examples/${file##*/}"
    done
}

tree_of_system()
{
    base=qemu-lpm-system/usr/lib/qemu-lpm
    MESON_BUILD_ROOT=$qemu_build MESON_INSTALL_DESTDIR_PREFIX=$PWD/$base \
        "$top/qemu-patches/install-qemu.sh"
    # Firmware and key maps are Debian's.  QEMU looks in two folders.
    rm -rf "$base/share"
    link ../../../share/qemu "$base/share/qemu"
    for name in e1000 e1000e eepro100 ne2k_pci pcnet rtl8139 virtio vmxnet3
    do
        link "../../../ipxe/qemu/efi-$name.rom" \
            "$base/share/qemu-firmware/efi-$name.rom"
    done
    for name in ati bochs-display cirrus ramfb stdvga virtio
    do
        link "../../../../share/seabios/vgabios-$name.bin" \
            "$base/share/qemu-firmware/vgabios-$name.bin"
    done
    put 644 "$packaging/apparmor/libvirt-qemu" \
        qemu-lpm-system/etc/apparmor.d/abstractions/libvirt-qemu.d/qemu-lpm
    put 644 "$packaging/apparmor/qemu-lpm-libvirtd" \
        qemu-lpm-system/etc/apparmor.d/abstractions/qemu-lpm-libvirtd
    put 644 "$packaging/README.Debian" \
        qemu-lpm-system/usr/share/doc/qemu-lpm-system/README.Debian
}

# programs PACKAGE: everything in it that is ELF.
programs()
{
    find "$1" -type f -size +3c | while read -r file; do
        if [ "$(head -c 4 "$file" | tail -c 3)" = ELF ]; then
            echo "$file"
        fi
    done | LC_ALL=C sort
}

# set_build_id FILE HEX
set_build_id()
{
    { head -c 16 debian/note
      perl -e 'print pack "H*", shift' "$2"; } > debian/note.new
    objcopy --update-section .note.gnu.build-id=debian/note.new "$1"
}

# The linker makes the build id of all sections, and those for the debugger
# have names of folders in them: another folder would make another file.  So
# it is made again of what is left.  (Taken out, it takes PT_GNU_RELRO along.)
strip_all()
{
    for file in $(programs "$1"); do
        strip --strip-unneeded --remove-section=.comment "$file"
        objcopy --dump-section .note.gnu.build-id=debian/note "$file"
        set_build_id "$file" "$(printf '%040d' 0)"
        set_build_id "$file" "$(sha1sum "$file" | cut -c 1-40)"
    done
}

documents()
{
    doc=$1/usr/share/doc/$1
    mkdir -p "$doc"
    fill "$packaging/copyright.in" > "$doc/copyright"
    cp debian/changelog "$doc/changelog"
    find "$doc/changelog" "$1"/usr/share/man -type f -exec gzip -9n {} + \
        2>/dev/null || :
    if [ -f "$packaging/$1.lintian-overrides" ]; then
        put 644 "$packaging/$1.lintian-overrides" \
            "$1/usr/share/lintian/overrides/$1"
    fi
}

control_files()
{
    mkdir -p "$1/DEBIAN"
    for name in postinst postrm; do
        if [ -f "$packaging/$1.$name" ]; then
            fill "$packaging/$1.$name" > "$1/DEBIAN/$name"
            sh -n "$1/DEBIAN/$name"
            chmod 755 "$1/DEBIAN/$name"
        fi
    done
    if [ -f "$packaging/$1.triggers" ]; then
        grep -v '^#' "$packaging/$1.triggers" > "$1/DEBIAN/triggers"
    fi
    (cd "$1"
     find etc -type f 2>/dev/null | LC_ALL=C sort | sed 's,^,/,' \
         > DEBIAN/conffiles || :
     find . -type f ! -path './DEBIAN/*' ! -path './etc/*' -printf '%P\n' |
         LC_ALL=C sort | xargs -d '\n' md5sum > DEBIAN/md5sums)
    # shellcheck disable=SC2046 # names of ours, without blanks
    dpkg-shlibdeps -T"debian/$1.substvars" \
        $(programs "$1" | sed 's/^/-e/')
    chmod -R u=rwX,go=rX "$1"
    dpkg-gencontrol -p"$1" -P"$1" -T"debian/$1.substvars"
}

# Braces: the shell reads all of it now, whatever a `git pull` does meanwhile.
{
mkdir -p "$output"
qemu_build=$(cd "$qemu_build" && pwd -P)
lpm_build=$(cd "$lpm_build" && pwd -P)
cd "$output"
# shellcheck disable=SC2086 # a list
rm -rf all debian $packages ./*.deb
mkdir debian
year=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y)
version=$(package_version)
fill "$packaging/control.in" > debian/control
cat > debian/changelog <<END
qemu-lpm ($version) unstable; urgency=medium

  * Made by ./run deb from commit ${commit:-unknown}.

 -- $maintainer  $(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" '+%a, %d %b %Y %T +0000')
END
tree_of_lpm
tree_of_system
for package in $packages; do
    strip_all "$package"
    documents "$package"
    control_files "$package"
    find "$package" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group --build "$package" .
done
exit 0
}
