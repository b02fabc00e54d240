"""A lab host with Debian's own dnf and rpm beside its dpkg, and a small signed repository.

dnf and rpm are the real ones; the distribution around them is not, so package names of RHEL and
its repositories are not what is tried here.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyinfra.api import StringCommand

from firstlight.facts.packages import InstalledPackages, Packages
from firstlight.lab import ssh
from firstlight.lab.state import Rack
from firstlight.operations.packages import installed
from tests.lab import own_labs
from tests.operations.play import commands

PACKAGES = "dnf rpm createrepo-c dnf-plugins-core gnupg"

# Plugins of Debian's that want more than is installed here are switched off.
SETUP = rf"""
set -eu; export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
apt-get -qq update; apt-get -qq -y install --no-install-recommends {PACKAGES} >/dev/null 2>&1
for p in local system_upgrade; do printf '[main]\nenabled = 0\n' >/etc/dnf/plugins/$p.conf; done
export GNUPGHOME=/root/key; mkdir -p -m 700 $GNUPGHOME /srv/repo /etc/pki/rpm-gpg /etc/yum.repos.d
gpg --batch --quiet --passphrase '' --quick-generate-key lab@example.net rsa2048 sign never
gpg --armor --export lab@example.net >/etc/pki/rpm-gpg/RPM-GPG-KEY-lab
made() {{
  printf '%s\n' "Name: $1" "Epoch: $2" 'Version: 1.0' 'Release: 1' 'Summary: x' 'License: x' \
    'BuildArch: noarch' "$3" "$4" '%description' x '%install' "mkdir -p %{{buildroot}}/opt" \
    "echo >%{{buildroot}}/opt/$1" '%files' "/opt/$1" >/tmp/$1.spec
  rpmbuild --quiet -bb --define '_topdir /tmp/rpm' --define '_rpmdir /srv/repo' /tmp/$1.spec
}}
made tool 2 'Recommends: extra' ''; made extra 0 '' ''; made kernel-modules-extra-$(uname -r) 0 '' ''
made curl-minimal 0 'Provides: curl = 1.0' 'Conflicts: curl-full'; made unsigned 0 '' ''
made slow 0 '%pre' 'sleep 20'
for r in /srv/repo/noarch/*; do
  case $r in *unsigned*) ;; *) rpmsign --define '_gpg_name lab@example.net' --addsign $r ;; esac
done
createrepo_c -q /srv/repo
printf '%s\n' '[lab]' name=lab baseurl=file:///srv/repo gpgcheck=1 \
  gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-lab >/etc/yum.repos.d/lab.repo
"""


@dataclass(frozen=True)
class DnfHost:
    """The host lab1 of a lab, played as one whose packages are rpm's."""

    rack: Rack

    def sh(self, script: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a script as root; its outcome whatever it is."""
        words = ssh.command_line(self.rack, "lab1", ["sudo", "sh"])
        return subprocess.run(
            words, input=script, capture_output=True, text=True, timeout=timeout, check=False
        )

    def have(self, *names: str) -> Packages:
        """The fact, as on a host without a dpkg database."""
        fact = InstalledPackages()
        text = fact.command(names=names).get_raw_value()
        done = self.sh(text.replace("/var/lib/dpkg/status", "/no/such/file"))
        assert done.returncode == 0, done.stderr
        return fact.process(done.stdout.splitlines())

    def run(self, command: StringCommand) -> subprocess.CompletedProcess[str]:
        """Run a command of an operation, with nothing to read from."""
        return self.sh(f"{{ {command.get_raw_value()}\n}} </dev/null")

    def install(self, *names: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Play the operation: its commands one after the other, as far as they succeed."""
        done = subprocess.CompletedProcess[str]([], 0, "", "")
        facts = {InstalledPackages: self.have(*names)}
        for command in commands(installed, facts, names=names, manager="dnf", **options)[0]:
            if done.returncode == 0:
                done = self.run(command)
        return done


@contextmanager
def dnf_host(name: str) -> Iterator[DnfHost]:
    """A lab of one such host, gone afterwards."""
    own_labs.up(name, "--hosts", "1")
    try:
        host = DnfHost(own_labs.load(name))
        done = host.sh(SETUP, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
        yield host
    finally:
        own_labs.firstlight("lab", "down", "--purge", "--name", name)
