# Rules for AppArmor in profiles of libvirt's: one line in each of its files
# for local rules that includes a file of ours.  No package owns those files;
# libvirt's own scripts make them empty where they are missing.
#
# Debian 13 reads abstractions/libvirt-qemu.d by itself, Debian 12 does not.
# libvirtd's profile has no such folder in either.
aa=/etc/apparmor.d
aa_guest='  include if exists <abstractions/libvirt-qemu.d>'
aa_daemon='  include if exists <abstractions/qemu-lpm-libvirtd>'

# aa_put FILE LINE
aa_put()
{
    if [ ! -e "$1" ] || ! grep -qxF -e "$2" "$1"; then
        mkdir -p "${1%/*}"
        # A last line without its end would swallow ours.
        if [ -s "$1" ] && [ -n "$(tail -c 1 "$1")" ]; then
            echo >> "$1"
        fi
        echo "$2" >> "$1"
        aa_changed=yes
    fi
}

# aa_drop FILE LINE PROFILE: the file stays while PROFILE includes it, even
# empty: to Debian 12's, a missing one is an error.
aa_drop()
{
    if [ -e "$1" ] && grep -qxF -e "$2" "$1"; then
        sed -i "\\,^$2\$,d" "$1"
        aa_changed=yes
    fi
    if [ ! -e "$3" ] && [ -e "$1" ] && [ ! -s "$1" ]; then
        rm -f "$1"
        rmdir --ignore-fail-on-non-empty "${1%/*}"
    fi
}

# aa_reload: a running libvirtd goes on, with the new rules.  Guests' profiles
# are made anew at each start.
aa_reload()
{
    if [ "$aa_changed" = yes ] && [ -e "$aa/usr.sbin.libvirtd" ] &&
       command -v aa-enabled > /dev/null && aa-enabled --quiet; then
        apparmor_parser -r -T -W "$aa/usr.sbin.libvirtd" ||
            echo 'qemu-lpm-system: AppArmor does not take its rules' >&2
    fi
}

aa_changed=no
aa_guest_file=$aa/local/abstractions/libvirt-qemu
aa_guest_profile=$aa/abstractions/libvirt-qemu
aa_daemon_file=$aa/local/usr.sbin.libvirtd
aa_daemon_profile=$aa/usr.sbin.libvirtd
