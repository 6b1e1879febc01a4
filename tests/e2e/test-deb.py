#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages of ./run deb: what is in them, and, with LPM_FULL, what they
do to a Debian that has QEMU and libvirt of its own.

  LPM_DEBS    the folder they are in            (LPM_BIN/../deb)
  LPM_MIRROR  a Debian mirror for the full run  (http://deb.debian.org)
"""

import gzip
import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys

import debs
from harness import DEADLINE, Bench, Tap, TestError, expect, full

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# Nothing of a package stands elsewhere, so nothing can meet what others have.
PLACES = {
    "qemu-lpm": ("etc/lpm/", "usr/bin/lpm", "usr/share/doc/qemu-lpm/",
                 "usr/share/man/man1/lpm.1.gz",
                 "usr/share/man/man7/lpm-rules.7.gz",
                 "usr/share/lintian/overrides/qemu-lpm"),
    "qemu-lpm-system": (
        "usr/lib/qemu-lpm/", "usr/libexec/qemu-lpm/",
        "etc/libvirt/hooks/qemu.d/qemu-lpm",
        "etc/apparmor.d/abstractions/qemu-lpm-libvirtd",
        "etc/apparmor.d/abstractions/libvirt-qemu.d/qemu-lpm",
        "usr/share/doc/qemu-lpm-system/",
        "usr/share/lintian/overrides/qemu-lpm-system"),
}
WANTED = {
    "qemu-lpm": ("etc/lpm/host.conf", "usr/bin/lpm", "var/lib/lpm",
                 "usr/share/man/man1/lpm.1.gz",
                 "usr/share/doc/qemu-lpm/copyright",
                 "usr/share/doc/qemu-lpm/changelog.gz"),
    "qemu-lpm-system": (
        "usr/lib/qemu-lpm/bin/qemu-system-ppc64",
        "usr/lib/qemu-lpm/bin/qemu-system-sparc64",
        "usr/lib/qemu-lpm/lib/qemu/migration-lpm-ppc64.so",
        "usr/lib/qemu-lpm/lib/qemu/migration-multifd-lpm.so",
        "usr/lib/qemu-lpm/lib/qemu/hw-ppc-spapr-vfc-ppc64.so",
        "usr/lib/qemu-lpm/lib/qemu/block-iscsi.so",
        "usr/lib/qemu-lpm/share/qemu",
        "usr/share/doc/qemu-lpm-system/copyright"),
}
# libvirt's profile of guests: of Debian 12, and of Debian 13.
GUEST_12 = "  #include <local/abstractions/libvirt-qemu>\n"
GUEST_13 = "  include if exists <abstractions/libvirt-qemu.d>\n" + GUEST_12
LINE_GUEST = "  include if exists <abstractions/libvirt-qemu.d>\n"
LINE_DAEMON = "  include if exists <abstractions/qemu-lpm-libvirtd>\n"
LOCAL_GUEST = "local/abstractions/libvirt-qemu"
LOCAL_DAEMON = "local/usr.sbin.libvirtd"


def run(*command, check=True, **more):
    """Returns (exit status, stdout and stderr)."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **more)
    if check and done.returncode:
        raise TestError("%s: exit %d: %s" % (" ".join(command),
                                             done.returncode, done.stdout))
    return done.returncode, done.stdout


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as f:
        return f.read()


def write(text, *parts):
    path = os.path.join(*parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def walk(top):
    """Every path below TOP but DEBIAN, relative, folders too."""
    for folder, folders, files in os.walk(top):
        if folder == top and "DEBIAN" in folders:
            folders.remove("DEBIAN")
        for name in folders + files:
            yield os.path.relpath(os.path.join(folder, name), top)


def is_elf(path):
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    with open(path, "rb") as f:
        return f.read(4) == b"\x7fELF"


class Packages:
    """Both, unpacked in a scratch folder."""

    def __init__(self, bench, paths):
        self.paths = paths
        self.trees = {name: debs.unpack(path, os.path.join(bench.dir, name))
                      for name, path in paths.items()}
        # One root, as after an installation
        self.root = os.path.join(bench.dir, "root")
        for path in paths.values():
            run("dpkg-deb", "-x", path, self.root)


def cases(bench, packages):
    tap = Tap()

    @tap.case("what is wanted is there, and nothing where others stand")
    def _():
        count = 0
        for name, tree in packages.trees.items():
            paths = set(walk(tree))
            for path in WANTED[name]:
                if path not in paths:
                    raise TestError("no %s in %s" % (path, name))
            for path in paths:
                full_path = os.path.join(tree, path)
                info = os.lstat(full_path)
                if stat.S_ISDIR(info.st_mode):
                    continue
                count += 1
                if not path.startswith(PLACES[name]):
                    raise TestError("%s has %s" % (name, path))
                if info.st_mode & 0o6022 and not stat.S_ISLNK(info.st_mode):
                    raise TestError("mode of %s: %o" % (path, info.st_mode))
            owners = {line.split()[1] for line in run(
                "dpkg-deb", "-c", packages.paths[name])[1].splitlines()}
            expect("owners in " + name, owners, {"root/root"})
        return "%d files" % count

    @tap.case("links lead somewhere: into the package, or to what it names")
    def _():
        known = {"usr/share/qemu": "qemu-system-data",
                 "usr/lib/ipxe/qemu/": "ipxe-qemu",
                 "usr/share/seabios/": "seabios"}
        count = 0
        for name, tree in packages.trees.items():
            control = read(tree, "DEBIAN", "control")
            for path in walk(tree):
                link = os.path.join(tree, path)
                if not os.path.islink(link):
                    continue
                count += 1
                target = os.path.normpath(os.path.join(
                    "/", os.path.dirname(path), os.readlink(link))).lstrip("/")
                if os.path.lexists(os.path.join(packages.root, target)):
                    continue
                owners = [package for place, package in known.items()
                          if (target + "/").startswith(place)]
                if not owners or owners[0] not in control:
                    raise TestError("%s -> %s" % (path, target))
        return "%d links" % count

    @tap.case("md5sums and conffiles name every file, with its sum")
    def _():
        for name, tree in packages.trees.items():
            sums = dict(reversed(line.split(maxsplit=1)) for line in
                        read(tree, "DEBIAN", "md5sums").splitlines())
            conffiles = read(tree, "DEBIAN", "conffiles").split()
            files = {p for p in walk(tree)
                     if os.path.isfile(os.path.join(tree, p)) and
                     not os.path.islink(os.path.join(tree, p))}
            expect("the files of " + name,
                   set(sums) | {c.lstrip("/") for c in conffiles}, files)
            expect("conffiles of " + name, set(conffiles),
                   {"/" + p for p in files if p.startswith("etc/")})
            for path, wanted in sums.items():
                with open(os.path.join(tree, path), "rb") as f:
                    expect("md5 of " + path,
                           hashlib.md5(f.read()).hexdigest(), wanted)

    @tap.case("Depends name what the programs load")
    def _():
        if not shutil.which("readelf", path=PATH):
            return "SKIP no readelf (package binutils)"
        version = debs.ask(packages.paths["qemu-lpm"], "Version")
        for name, tree in packages.trees.items():
            depends = debs.ask(packages.paths[name], "Depends")
            named = re.findall(r"(?:^|, |\| )([a-z0-9.+-]+)", depends)
            needed = set()
            for path in walk(tree):
                path = os.path.join(tree, path)
                if is_elf(path):
                    needed |= set(re.findall(r"NEEDED.*\[(.*)\]", run(
                        "readelf", "-dW", path)[1]))
            for library in needed:
                owners = re.findall(r"^([^:\s]+).*: \S*/%s$" % re.escape(
                    library), run("dpkg", "-S", "*/" + library)[1], re.M)
                if not set(owners) & set(named):
                    raise TestError("%s (%s) is not in Depends of %s: %s" % (
                        library, owners, name, depends))
            if not needed:
                raise TestError("%s loads nothing" % name)
        for wanted in ("qemu-lpm (= %s)" % version, "qemu-system-data"):
            if wanted not in depends:
                raise TestError("no %s: %s" % (wanted, depends))
        return depends

    @tap.case("programs are stripped, and as safe as Debian's")
    def _():
        if not shutil.which("readelf", path=PATH):
            return "SKIP no readelf (package binutils)"
        ids = set()
        for path in walk(packages.root):
            program = os.path.join(packages.root, path)
            if not is_elf(program):
                continue
            said = run("readelf", "-WldSn", program)[1]
            for word in ("GNU_RELRO", "Build ID: "):
                if word not in said:
                    raise TestError("no %s in %s" % (word, path))
            if ".debug_info" in said:
                raise TestError(path + " is not stripped")
            ids.add(re.search(r"Build ID: (\w+)", said).group(1))
            with open(program, "rb") as f:
                text = f.read()
            # Where it was made: another folder would make another file.
            here = os.path.realpath(os.environ.get("LPM_BIN", "/nowhere"))
            if os.path.dirname(here).encode() in text:
                raise TestError("%s names %s" % (path, here))
        if len(ids) < 6:
            raise TestError("%d build ids" % len(ids))

    @tap.case("the program runs and says its version")
    def _():
        program = os.path.join(packages.root, "usr/bin/lpm")
        said = run(program, "--version")[1].split()
        expect("its name", said[0], "lpm")
        version = debs.ask(packages.paths["qemu-lpm"], "Version")
        if not version.startswith(said[1]):
            raise TestError("lpm says %s, the package %s" % (said[1],
                                                             version))
        with gzip.open(os.path.join(
                packages.root, "usr/share/doc/qemu-lpm/changelog.gz"),
                       "rt") as f:
            if "(%s)" % version not in f.readline():
                raise TestError("the changelog is of another version")
        return version

    @tap.case("the emulator finds its modules in its own folder")
    def _():
        emulator = packages.root + debs.EMULATOR
        clean = {"PATH": PATH}
        said = run(emulator, "-device", "spapr-vfc,help", env=clean)[1]
        if "wwpn" not in said:
            raise TestError("-device spapr-vfc,help: " + said)
        done = subprocess.run(
            [emulator, "-M", "none", "-display", "none", "-nodefaults",
             "-object", "migration-lpm,id=lpm0", "-global",
             "migration.multifd-compression=lpm", "-monitor", "stdio"],
            input="quit\n", capture_output=True, text=True, check=False,
            env=clean, timeout=DEADLINE)
        expect("its exit status and words", (done.returncode, done.stderr),
               (0, ""))

    def apparmor(name):
        """The scripts of qemu-lpm-system, on a folder of ours."""
        aa = os.path.join(bench.dir, "aa-" + name)
        scripts = {}
        for script in ("postinst", "postrm"):
            text = read(packages.trees["qemu-lpm-system"], "DEBIAN", script)
            path = os.path.join(bench.dir, name + "-" + script)
            write(text.replace("aa=/etc/apparmor.d", "aa='%s'" % aa), path)
            scripts[script] = path
        # No kernel of this host's learns of it.
        bin_ = os.path.join(bench.dir, "no-apparmor")
        write("#!/bin/sh\nexit 1\n", bin_, "aa-enabled")
        os.chmod(os.path.join(bin_, "aa-enabled"), 0o755)

        def call(script, *args):
            run("sh", scripts[script], *args,
                env={"PATH": bin_ + ":" + PATH})
        return aa, call

    @tap.case("AppArmor, Debian 12: a line in two files, out again at the end")
    def _():
        aa, call = apparmor("12")
        write(GUEST_12, aa, "abstractions/libvirt-qemu")
        write("#include <local/usr.sbin.libvirtd>\n", aa, "usr.sbin.libvirtd")
        own = "# the administrator's\n  /srv/images/** rwk,"
        write(own, aa, LOCAL_GUEST)
        write("", aa, LOCAL_DAEMON)
        for step in ("configure", "triggered", "configure"):
            call("postinst", step, "")
            expect("guests' after " + step, read(aa, LOCAL_GUEST),
                   own + "\n" + LINE_GUEST)
            expect("libvirtd's after " + step, read(aa, LOCAL_DAEMON),
                   LINE_DAEMON)
        call("postrm", "upgrade", "1")
        expect("guests' after an upgrade", read(aa, LOCAL_GUEST),
               own + "\n" + LINE_GUEST)
        for step in ("remove", "purge"):
            call("postrm", step)
            expect("guests' after " + step, read(aa, LOCAL_GUEST), own + "\n")
            expect("libvirtd's after " + step, read(aa, LOCAL_DAEMON), "")

    @tap.case("AppArmor, Debian 13: guests' profile reads the folder itself")
    def _():
        aa, call = apparmor("13")
        write(GUEST_12, aa, "abstractions/libvirt-qemu")
        call("postinst", "configure", "")
        # The upgrade from Debian 12; there is no libvirtd's profile.
        write(GUEST_13, aa, "abstractions/libvirt-qemu")
        call("postinst", "triggered", "x")
        expect("guests'", read(aa, LOCAL_GUEST), "")
        if os.path.exists(os.path.join(aa, LOCAL_DAEMON)):
            raise TestError("a local file for no profile")

    @tap.case("AppArmor, no libvirt: nothing is made")
    def _():
        aa, call = apparmor("none")
        os.mkdir(aa)
        call("postinst", "configure", "")
        call("postrm", "purge")
        expect("files", os.listdir(aa), [])

    @tap.case("lintian has nothing to say")
    def _():
        if not shutil.which("lintian", path=PATH):
            return "SKIP no lintian (package lintian)"
        said = run("lintian", "--allow-root", "--fail-on", "error,warning",
                   "--tag-display-limit", "0", *packages.paths.values(),
                   env={"PATH": PATH, "LC_ALL": "C.UTF-8"})[1]
        return said.strip() or "0 errors, 0 warnings"

    if full():
        full_cases(tap, bench, packages)
    return tap


class Chroot:
    """A Debian of this host's release, made when first asked for."""

    def __init__(self, bench, packages):
        self.dir = os.path.join(bench.dir, "chroot")
        self.packages = packages
        self.ready = False

    def up(self):
        if self.ready:
            return
        if os.path.exists(self.dir):
            raise TestError("the chroot was not made before")
        release = dict(line.rstrip().split("=", 1) for line in
                       open("/etc/os-release", encoding="utf-8") if "=" in
                       line)["VERSION_CODENAME"]
        mirror = os.environ.get("LPM_MIRROR", "http://deb.debian.org")
        run("debootstrap", "--variant=minbase", release, self.dir,
            mirror + "/debian", env={**os.environ, "PATH": PATH})
        run("mount", "-t", "proc", "proc", self.dir + "/proc")
        # No service of the packages is started.
        write("#!/bin/sh\nexit 101\n", self.dir, "usr/sbin/policy-rc.d")
        os.chmod(os.path.join(self.dir, "usr/sbin/policy-rc.d"), 0o755)
        shutil.copy("/etc/resolv.conf", self.dir + "/etc/resolv.conf")
        for path in self.packages.paths.values():
            shutil.copy(path, self.dir + "/root")
        self.apt("install", "qemu-system-ppc", "libvirt-daemon-system",
                 "apparmor")
        self.ready = True

    def run(self, *command, check=True):
        return run("chroot", self.dir, *command, check=check, env={
            **{k: v for k, v in os.environ.items() if "proxy" in k.lower()},
            "PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive"})

    def apt(self, *args):
        return self.run("apt-get", "-q", "-y", "--no-install-recommends",
                        "-o", "APT::Sandbox::User=root",
                        "-o", "Dpkg::Use-Pty=0", *args)[1]

    def debs(self):
        return ["/root/" + os.path.basename(p)
                for p in self.packages.paths.values()]

    def files(self):
        """{path: what tells a change} of what no package owns."""
        owned = set(self.run("sh", "-c", "cat /var/lib/dpkg/info/*.list")[1]
                    .splitlines())
        found = {}
        for line in self.run(
                "find", "/", "-xdev", "(", "-path", "/var/lib/dpkg", "-o",
                "-path", "/var/lib/apt", "-o", "-path", "/var/cache", "-o",
                "-path", "/var/log", "-o", "-path", "/root", ")", "-prune",
                "-o", "-printf", "%p\\t%y %s %l\\n")[1].splitlines():
            path, what = line.split("\t", 1)
            if path not in owned and not path.startswith("/proc"):
                found[path] = "folder" if what[0] == "d" else what
        # Of libraries that came along, and that stay
        found.pop("/etc/ld.so.cache", None)
        return found

    def close(self):
        if os.path.ismount(self.dir + "/proc"):
            run("umount", self.dir + "/proc", check=False)


def full_cases(tap, bench, packages):
    chroot = Chroot(bench, packages)
    before = {}

    def missing():
        if os.geteuid() != 0:
            return "SKIP needs root"
        if not shutil.which("debootstrap", path=PATH):
            return "SKIP no debootstrap"
        return None

    @tap.case("installed beside Debian's QEMU and libvirt")
    def _():
        if missing():
            return missing()
        chroot.up()
        before.update(chroot.files())
        out = chroot.apt("install", *chroot.debs())
        for name in debs.NAMES:
            if "Setting up " + name not in out:
                raise TestError("not set up: " + out)
        expect("dpkg -V", chroot.run("dpkg", "-V", *debs.NAMES)[1], "")
        vfc = ["-device", "spapr-vfc,help"]
        if "wwpn" not in chroot.run(debs.EMULATOR, *vfc)[1]:
            raise TestError("no spapr-vfc in ours")
        said = chroot.run("/usr/bin/qemu-system-ppc64", *vfc, check=False)[1]
        if not re.search("'spapr-vfc' (not found|is not a valid)", said):
            raise TestError("Debian's own: " + said)
        return chroot.run("lpm", "--version")[1].strip()

    @tap.case("libvirt's profiles have our rules, and AppArmor takes them")
    def _():
        if missing():
            return missing()
        chroot.up()
        aa = "/etc/apparmor.d/"
        chroot.run("sh", "-c", "sed s/LIBVIRT_TEMPLATE/libvirt-x/ "
                   "%slibvirt/TEMPLATE.qemu > /root/guest" % aa)
        for profile, rule in (("/root/guest", "lib/qemu/*.so mr,"),
                              (aa + "usr.sbin.libvirtd",
                               "bin/qemu-system-* PUx,")):
            whole = chroot.run("apparmor_parser", "-p", profile)[1]
            if "/usr/lib/qemu-lpm/" + rule not in whole:
                raise TestError("%s has no %s" % (profile, rule))
            chroot.run("apparmor_parser", "-Q", "-K", "-T",
                       "--kernel-features", aa + "abi/3.0", "-o",
                       "/dev/null", profile)

    @tap.case("purged, nothing of it is left")
    def _():
        if missing():
            return missing()
        chroot.up()
        chroot.run("sh", "-c", "echo x > /var/lib/lpm/moves.db")
        chroot.apt("purge", *debs.NAMES)
        after = chroot.files()
        expect("new or changed", {p: w for p, w in after.items()
                                  if before.get(p) != w}, {})
        expect("lost", {p for p in before if p not in after}, set())

    @tap.case("libvirt that comes later has the rules, too")
    def _():
        if missing():
            return missing()
        chroot.up()
        chroot.apt("purge", "--auto-remove", "libvirt-daemon-system",
                   "libvirt-daemon")
        chroot.apt("install", *chroot.debs())
        chroot.apt("install", "libvirt-daemon-system")
        whole = chroot.run("apparmor_parser", "-p",
                           "/etc/apparmor.d/usr.sbin.libvirtd")[1]
        if "/usr/lib/qemu-lpm/bin/" not in whole:
            raise TestError("libvirtd's profile has no rule")
        chroot.apt("purge", *debs.NAMES)
        for name in (LOCAL_GUEST, LOCAL_DAEMON):
            path = os.path.join(chroot.dir, "etc/apparmor.d", name)
            if os.path.exists(path) and "lpm" in read(path):
                raise TestError("%s: %s" % (name, read(path)))

    tap.close = chroot.close


def main():
    packages = debs.find()
    if not isinstance(packages, dict):
        print("1..0 # SKIP " + packages)
        return 0
    with Bench() as bench:
        tap = cases(bench, Packages(bench, packages))
        try:
            return tap.run()
        finally:
            getattr(tap, "close", lambda: None)()


if __name__ == "__main__":
    sys.exit(main())
