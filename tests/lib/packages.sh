# SPDX-License-Identifier: GPL-2.0-or-later
# Packages, sources and firmware from Debian, with apt lists of our own.
#
# The user's sources.list, apt lists and foreign architectures are neither
# read nor changed; what is missing is installed with `apt-get install`,
# everything else (guest, firmware, QEMU's source) is unpacked in our cache.
# apt checks Debian's signatures on every file.  Sourced after steps.sh.

LPM_MIRROR=${LPM_MIRROR:-http://deb.debian.org}
lpm_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# QEMU's source as trixie has it today; checked against these as well.
lpm_qemu_version=10.0.13
lpm_qemu_sha256=6a0888e806c2ffc0c5f0733e974f9aea55491950d3c47c98669c8b236dde59ae
lpm_qemu_old_version=10.0.2
lpm_qemu_old_sha256=0901da33844a331bf8b3602b9c1fbd178e60b737c8e3ade678255bd090c9b9f1

# For QEMU, the module, lpm and the tests.  git is for who clones; not here.
lpm_packages_build='
    gcc libc6-dev binutils pkg-config ninja-build meson ccache patch perl
    flex bison xz-utils python3 python3-venv python3-distlib python3-pycotap
    libglib2.0-dev libjson-glib-dev libzstd-dev libxxhash-dev zlib1g-dev
    libpixman-1-dev libfdt-dev libgnutls28-dev libiscsi-dev
    libvirt-dev libxml2-dev libsqlite3-dev'
# For tests/e2e/test-libvirt.py: two daemons of their own namespaces, which
# that test starts; nothing of this starts one by itself.
lpm_packages_libvirt='
    libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients
    iproute2 util-linux openssl'
# Debian 13 has as packages of their own what Debian 12 has in the daemon's.
lpm_packages_libvirt_trixie='
    libvirt-daemon-driver-interface libvirt-daemon-driver-network
    libvirt-daemon-driver-nodedev libvirt-daemon-driver-storage'
# For the test guest, and to check what it wrote.
lpm_packages_guest='
    gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross e2fsprogs'
# For the SPARC test guest, whose kernel is compiled here.
lpm_packages_sparc='
    gcc-sparc64-linux-gnu binutils-sparc64-linux-gnu libc6-dev-sparc64-cross
    make bc'
# For ./run deb; and what checks its packages.
lpm_packages_deb='dpkg-dev binutils gzip'
lpm_packages_lintian='lintian'
# For ./run fuzz.
lpm_packages_fuzz='clang llvm libclang-rt-dev'

debian_codename()
{
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    case $codename in
    bookworm|trixie)
        echo "$codename"
        ;;
    *)
        die "this is not Debian 12 (bookworm) or 13 (trixie) but '$codename'" \
            "install the packages named in tests/lib/packages.sh yourself," \
            "then: meson setup build -Dqemu_source=DIR -Dfirmware=DIR"
        ;;
    esac
}

# apt_private NAME: make $LPM_CACHE/apt/NAME; sources.list is stdin, further
# settings are $2.  Sets APT_CONFIG for the commands that follow.
apt_private()
{
    apt_dir=$LPM_CACHE/apt/$1
    mkdir -p "$apt_dir/lists/partial" "$apt_dir/archives/partial"
    cat > "$apt_dir/sources.list"
    : > "$apt_dir/status"
    cat > "$apt_dir/conf" <<END
Dir::Etc::SourceList "$apt_dir/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$apt_dir/lists";
Dir::Cache::archives "$apt_dir/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::Retries "3";
$2
END
    # A cache below a home directory of mode 0700 is closed to apt's own
    # user; root then fetches as root, which is what apt falls back to.
    if [ "$(id -u)" = 0 ]; then
        echo 'APT::Sandbox::User "root";' >> "$apt_dir/conf"
    fi
    APT_CONFIG=$apt_dir/conf
    export APT_CONFIG
}

apt_update()
{
    rm -rf "$apt_dir/lists/partial"
    mkdir -p "$apt_dir/lists/partial"
    apt-get -q -o APT::Update::Error-Mode=any update
}

# The host's own release, with what an upgraded system may have installed:
# a -dev package must match the version of its library.
apt_host()
{
    apt_private "host-$1" '' <<END
deb [signed-by=$lpm_keyring] $LPM_MIRROR/debian $1 main
deb [signed-by=$lpm_keyring] $LPM_MIRROR/debian $1-updates main
deb [signed-by=$lpm_keyring] $LPM_MIRROR/debian-security $1-security main
$(if [ "$1" = bookworm ]; then
    echo "deb [signed-by=$lpm_keyring] $LPM_MIRROR/debian $1-backports main"
fi)
END
}

# Guest, firmware and source are trixie's on both releases, so that both
# build and test the same thing.  Nothing of this is ever installed.
apt_trixie()
{
    apt_private trixie "
APT::Architecture \"ppc64el\";
APT::Architectures {\"ppc64el\";};
Dir::State::status \"$LPM_CACHE/apt/trixie/status\";" <<END
deb [signed-by=$lpm_keyring] $LPM_MIRROR/debian trixie main
deb-src [signed-by=$lpm_keyring] $LPM_MIRROR/debian trixie main
deb-src [signed-by=$lpm_keyring] $LPM_MIRROR/debian trixie-updates main
deb-src [signed-by=$lpm_keyring] $LPM_MIRROR/debian-security trixie-security main
END
}

# Debian 12's kernel for the guest, on both releases of the host.
apt_bookworm_guest()
{
    apt_private bookworm-guest "
APT::Architecture \"ppc64el\";
APT::Architectures {\"ppc64el\";};
Dir::State::status \"$LPM_CACHE/apt/bookworm-guest/status\";" <<END
deb [signed-by=$lpm_keyring] $LPM_MIRROR/debian bookworm main
END
}

# The oldest 10.0.x that Debian carries, for check-patches.
apt_backports()
{
    apt_private backports '' <<END
deb-src [signed-by=$lpm_keyring] $LPM_MIRROR/debian bookworm-backports main
END
}

# missing_packages NAME...: those that are not installed, or are too old.
missing_packages()
{
    installed=$(dpkg-query -W \
        -f '${Package} ${db:Status-Status} ${Version}\n' "$@" 2>/dev/null) || :
    for package in "$@"; do
        have=$(echo "$installed" | sed -n "s/^$package installed //p" |
               head -n 1)
        if [ -z "$have" ]; then
            echo "$package"
        elif [ "$package" = meson ] &&
             dpkg --compare-versions "$have" lt 1.5; then
            echo "$package"
        fi
    done
}

install_packages()
{
    names=
    for package in "$@"; do
        case $codename/$package in
        bookworm/meson|bookworm/python3-pycotap)
            names="$names $package/bookworm-backports"
            ;;
        *)
            names="$names $package"
            ;;
        esac
    done
    apt_host "$codename"
    retry apt_update
    # --no-remove: never take away what the user has.
    # shellcheck disable=SC2086 # a list of names
    retry as_root env APT_CONFIG="$APT_CONFIG" DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends --no-remove \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install $names
}

# need_packages NAME...: install what is missing; no network when nothing is.
need_packages()
{
    codename=$(debian_codename)
    missing=$(missing_packages "$@" | tr '\n' ' ')
    if [ -z "$missing" ]; then
        return 0
    fi
    # shellcheck disable=SC2086 # a list of names
    STEP_REMEDY="then: see that $LPM_MIRROR is reachable (LPM_MIRROR names another mirror) and run it again" \
    step packages "install from Debian: $missing" \
        with_cache_lock install_packages $missing
}

# need_libvirt: for the test with two daemons.
need_libvirt()
{
    # shellcheck disable=SC2086 # lists of names
    case $(debian_codename) in
    trixie) need_packages $lpm_packages_libvirt $lpm_packages_libvirt_trixie ;;
    *) need_packages $lpm_packages_libvirt ;;
    esac
}

sha256_of()
{
    sha256sum "$1" | cut -d ' ' -f 1
}

# download_source VERSION SHA256: the .orig.tar.xz by way of apt, which
# checks it against the signed index; then against our own sum, too.
download_source()
{
    cd "$LPM_CACHE/downloads"
    versions=$(apt-cache showsrc qemu | sed -n 's/^Version: //p' | sort -uV)
    chosen=$(echo "$versions" | grep -F ":$1+" | tail -n 1) || chosen=
    if [ -z "$chosen" ]; then
        chosen=$(echo "$versions" | grep ':10\.0\.' | tail -n 1) || chosen=
        [ -n "$chosen" ] || { echo "no QEMU 10.0.x: $versions"; return 1; }
        echo "note: the archive has no $1 any more; taking $chosen"
    fi
    retry apt-get -q --download-only --only-source --tar-only \
        source "qemu=$chosen"
    upstream=${chosen#*:}
    tarball=qemu_${upstream%-*}.orig.tar.xz
    sum=$(sha256_of "$tarball")
    if [ "$upstream" != "${upstream#"$1+"}" ] && [ "$sum" != "$2" ]; then
        echo "$tarball: sha256 is $sum, want $2"
        return 1
    fi
    echo "$sum  $tarball" > "source-$1.new"
    mv "source-$1.new" "source-$1"
}

fetch_source_now()
{
    "$3"
    retry apt_update
    download_source "$1" "$2"
}

# fetch_source [VERSION SHA256 APT]: sets qemu_tarball.
fetch_source()
{
    version=${1:-$lpm_qemu_version}
    note=$LPM_CACHE/downloads/source-$version
    mkdir -p "$LPM_CACHE/downloads"
    if ! (cd "$LPM_CACHE/downloads" && [ -f "$note" ] &&
          sha256sum --status -c "$note" 2>/dev/null); then
        step "source-$version" "fetch QEMU $version's source from Debian" \
            with_cache_lock fetch_source_now "$version" \
            "${2:-$lpm_qemu_sha256}" "${3:-apt_trixie}"
    fi
    qemu_tarball=$LPM_CACHE/downloads/$(cut -d ' ' -f 3 "$note")
    case $qemu_tarball in
    */qemu_"$version"+*)
        ;;
    *)
        say "  note: Debian has no QEMU $version now; using ${qemu_tarball##*/}"
        ;;
    esac
}

# deb_unpack PACKAGE DIR PATTERN...: only what matches, nothing is run.
deb_unpack()
{
    deb=$(find "$LPM_CACHE/debs" -name "$1_*.deb")
    [ -f "$deb" ] || { echo "no single package $1: '$deb'"; return 1; }
    mkdir -p "$2"
    unpack_to=$2
    shift 2
    dpkg-deb --fsys-tarfile "$deb" | tar -C "$unpack_to" -x --wildcards "$@"
}

# guest_kernel: the package that is the release's kernel now.
guest_kernel()
{
    apt-cache depends linux-image-powerpc64le |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

fetch_debs_now()
{
    apt_trixie
    retry apt_update
    mkdir -p "$LPM_CACHE/debs.new"
    cd "$LPM_CACHE/debs.new"
    kernel=$(guest_kernel)
    [ -n "$kernel" ] || { echo "no kernel for ppc64el found"; return 1; }
    retry apt-get -q download "$kernel" busybox-static qemu-system-data \
        powerpc-ibm-utils libc6 librtas2 libnuma1
    rm -rf "$LPM_CACHE/debs" "$LPM_CACHE/guest" "$LPM_CACHE/firmware"
    sha256sum ./*.deb > SHA256SUMS
    cd "$LPM_CACHE"
    mv debs.new debs
    deb_unpack qemu-system-data "$LPM_CACHE/firmware.tmp" \
        './usr/share/qemu/slof.bin' './usr/share/qemu/openbios-sparc64'
    mv firmware.tmp/usr/share/qemu firmware
    rm -rf firmware.tmp
    deb_unpack busybox-static "$LPM_CACHE/guest.tmp" '*/busybox'
    deb_unpack powerpc-ibm-utils "$LPM_CACHE/guest.tmp" '*/sbin/drmgr'
    deb_unpack libc6 "$LPM_CACHE/guest.tmp" '*/lib/*/ld64.so.2' '*/libc.so.6'
    deb_unpack librtas2 "$LPM_CACHE/guest.tmp" '*/librtas.so.2*'
    deb_unpack libnuma1 "$LPM_CACHE/guest.tmp" '*/libnuma.so.1*'
    mv guest.tmp guest
}

# fetch_guest: sets firmware_dir, guest_dir (busybox, drmgr) and kernel_deb.
fetch_guest()
{
    firmware_dir=$LPM_CACHE/firmware
    guest_dir=$LPM_CACHE/guest
    if ! [ -x "$guest_dir/usr/sbin/drmgr" ] || ! [ -d "$firmware_dir" ] ||
       ! [ -f "$LPM_CACHE/debs/SHA256SUMS" ]; then
        step guest-debs \
            "fetch firmware and the guest's kernel from Debian (93 MB)" \
            with_cache_lock fetch_debs_now
    fi
    kernel_deb=$(find "$LPM_CACHE/debs" -name 'linux-image-*.deb')
}

# download_debs FOLDER PACKAGE...: of the cache, there as a whole or not.
download_debs()
{
    debs_folder=$LPM_CACHE/$1
    shift
    rm -rf "$debs_folder.new"
    mkdir -p "$debs_folder.new"
    cd "$debs_folder.new"
    retry apt-get -q download "$@"
    sha256sum ./*.deb > SHA256SUMS
    rm -rf "$debs_folder"
    mv "$debs_folder.new" "$debs_folder"
}

fetch_old_kernel_now()
{
    apt_bookworm_guest
    retry apt_update
    kernel=$(guest_kernel)
    case $kernel in
    linux-image-6.1.*) ;;
    *) echo "no kernel 6.1 for ppc64el found, but '$kernel'"; return 1 ;;
    esac
    download_debs old-kernel "$kernel"
}

# fetch_old_kernel: sets old_kernel_deb, which build-guest.py unpacks.
fetch_old_kernel()
{
    if [ ! -f "$LPM_CACHE/old-kernel/SHA256SUMS" ]; then
        step old-kernel "fetch Debian 12's kernel for the guest (50 MB)" \
            with_cache_lock fetch_old_kernel_now
    fi
    old_kernel_deb=$(find "$LPM_CACHE/old-kernel" -name 'linux-image-*.deb')
}

fetch_sparc_source_now()
{
    apt_trixie
    retry apt_update
    download_debs linux-source linux-source-6.12
}

# fetch_sparc_source: sets sparc_source_deb.  Debian has no kernel for
# sparc64; its source is the same package on both releases.
fetch_sparc_source()
{
    if [ ! -f "$LPM_CACHE/linux-source/SHA256SUMS" ]; then
        step linux-source "fetch Linux's source from Debian (153 MB)" \
            with_cache_lock fetch_sparc_source_now
    fi
    sparc_source_deb=$(find "$LPM_CACHE/linux-source" -name 'linux-source-*.deb')
}

# redis for ./run bench, with every library that its programs load.
lpm_packages_redis='
    redis-server redis-tools libc6 libatomic1 libjemalloc2 liblzf1 libssl3
    libsystemd0 libcap2 libgcrypt20 libgpg-error0 liblz4-1 liblzma5 libzstd1
    libgcc-s1 libstdc++6'

fetch_redis_now()
{
    apt_bookworm_guest
    retry apt_update
    # shellcheck disable=SC2086 # a list of names
    download_debs redis $lpm_packages_redis
}

# fetch_redis: the packages from which tests/bench/redis.py makes a disk.
fetch_redis()
{
    if [ ! -f "$LPM_CACHE/redis/SHA256SUMS" ]; then
        step redis "fetch redis for the guest from Debian (8 MB)" \
            with_cache_lock fetch_redis_now
    fi
}

fetch_san_now()
{
    apt_host "$codename"
    retry apt_update
    rm -rf "$LPM_CACHE/tgt.new"
    mkdir -p "$LPM_CACHE/tgt.new"
    cd "$LPM_CACHE/tgt.new"
    retry apt-get -q download tgt
    dpkg-deb --fsys-tarfile tgt_*.deb |
        tar -x --wildcards './usr/sbin/tgtd' './usr/sbin/tgtadm'
    rm -rf "$LPM_CACHE/tgt"
    mv "$LPM_CACHE/tgt.new" "$LPM_CACHE/tgt"
}

# fetch_san: tgtd for the SAN of tests and demo.  Its libraries are
# installed; itself it is only unpacked, for Debian's package starts a daemon
# that listens on every address.
fetch_san()
{
    if [ -x /usr/sbin/tgtd ] || [ -x "$LPM_CACHE/tgt/usr/sbin/tgtd" ]; then
        return 0
    fi
    codename=$(debian_codename)
    case $codename in
    bookworm) need_packages libaio1 libibverbs1 librdmacm1 libsystemd0 ;;
    *) need_packages libaio1t64 libibverbs1 librdmacm1t64 libsystemd0 ;;
    esac
    step tgt "fetch tgt, the SAN of the tests, from Debian" \
        with_cache_lock fetch_san_now
}
