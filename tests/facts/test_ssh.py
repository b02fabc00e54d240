"""sshd as a host has it: what the script asks, and how its answers are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstlight.facts.ssh import Key, Line, SshConfiguration, SshState
from tests.facts.shell import gather
from tests.stubs import Stubs

SSHD = r"""
case $1 in
  -V) echo "OpenSSH_10.0p2 Debian-7, OpenSSL 3.5.7" >&2 ;;
  -T) case $3 in user=bob,*) root=no ;; *) root=without-password ;; esac
    printf '%s\n' "permitrootlogin $root" "port 22" "allowusers ops" "allowusers bob" \
      "trustedusercakeys none" "authorizedkeysfile .ssh/authorized_keys %h/more/%u" \
      "hostkey $HOSTKEY" ;;
esac
"""


@pytest.fixture
def etc(tmp_path: Path, stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host whose sshd answers, with the users root and ops."""
    etc = tmp_path / "ssh"
    (etc / "sshd_config.d").mkdir(parents=True)
    (tmp_path / "home/ops/.ssh").mkdir(parents=True)
    (tmp_path / "home/ops/.ssh/authorized_keys").touch()
    (tmp_path / "key.pub").touch()
    stubs.env["HOSTKEY"] = str(tmp_path / "key")
    stubs.add("sshd", SSHD)
    home = f"{tmp_path}/home"
    stubs.add("getent", f'case $2 in root|ops|bob) echo "$2:x:1:1::{home}/$2:/bin/sh" ;; esac')
    stubs.add("ssh-keygen", 'echo "256 SHA256:abc a comment (with words) (ED25519)"')
    stubs.add("ss", "echo '0 0 10.0.0.1:5 10.0.0.9:22 users:((\"sshd-session\",pid=1,fd=3))'")
    stubs.add("journalctl", 'echo "Accepted publickey for x from y port 1 ssh2: RSA SHA256:no"')
    (etc / "sshd_config").write_text(
        "# a comment\nInclude sshd_config.d/*.conf\n\n  PermitRootLogin=yes\n"
        'Match User "bob"\n  PermitRootLogin no\nMatch all\nMaxSessions 10\n'
    )
    (etc / "sshd_config.d/20-b.conf").write_text("Match Group x\n\tX11Forwarding yes\n")
    (etc / "sshd_config.d/10-a.conf").write_text("Port\t22\n")
    return etc


def read(etc: Path, stubs: Stubs, *users: str) -> SshState:
    words = ("PermitRootLogin", "AllowUsers")
    found: SshState = gather(
        SshConfiguration, stubs.env, {"/etc/ssh/": f"{etc}/"}, keywords=words, users=users
    )
    return found


def test_what_a_host_says(etc: Path, stubs: Stubs) -> None:
    found = read(etc, stubs, "bob", "ops", "nobody-here")
    assert found.version == "OpenSSH_10.0p2" and found.problem == ""
    own = {"allowusers": "ops bob", "trustedusercakeys": "none"}
    assert found.effective == {
        "root": own | {"permitrootlogin": "without-password"},
        "bob": own | {"permitrootlogin": "no"},
        "ops": own | {"permitrootlogin": "without-password"},
    }
    assert found.keys == {"ops": (Key(256, "SHA256:abc", "ED25519"),)}
    assert found.host_keys == (Key(256, "SHA256:abc", "ED25519"),)
    assert found.jumps == ("10.0.0.9:22",)


def test_lines_come_in_the_order_in_which_sshd_reads_them(etc: Path, stubs: Stubs) -> None:
    main, folder = str(etc / "sshd_config"), f"{etc}/sshd_config.d"
    assert list(read(etc, stubs).lines) == [
        Line(main, "Include", "sshd_config.d/*.conf"),
        Line(f"{folder}/10-a.conf", "Port", "22"),
        Line(f"{folder}/20-b.conf", "X11Forwarding", "yes", "Group x"),
        Line(main, "PermitRootLogin", "yes"),
        Line(main, "PermitRootLogin", "no", "User bob"),
        Line(main, "MaxSessions", "10"),
    ]


def test_a_file_that_includes_itself_ends(etc: Path, stubs: Stubs) -> None:
    (etc / "sshd_config.d/10-a.conf").write_text("Include sshd_config.d/10-a.conf\nPort 22\n")
    lines = read(etc, stubs).lines
    assert 1 < len([line for line in lines if line.keyword == "Port"]) < 20


def test_a_broken_configuration_is_said(etc: Path, stubs: Stubs) -> None:
    stubs.add(
        "sshd", '[ "$1" = -V ] && exit; echo "line 3: Bad configuration option" >&2; exit 255'
    )
    assert read(etc, stubs, "ops").problem == "line 3: Bad configuration option"


@pytest.mark.parametrize(
    ("line", "accepted"),
    [
        (
            "publickey for ops from 10.0.0.7 port 5 ssh2: ED25519 SHA256:abc",
            ("publickey", "SHA256:abc"),
        ),
        (
            "publickey for ops from fe80::1 port 5 ssh2: ED25519-CERT SHA256:abc ID x (serial 0) "
            "CA RSA SHA256:ca",
            ("publickey", "SHA256:abc", "SHA256:ca"),
        ),
        ("password for ops from 10.0.0.7 port 5 ssh2", ("password",)),
        (
            "keyboard-interactive/pam for ops from 10.0.0.7 port 5 ssh2",
            ("keyboard-interactive/pam",),
        ),
    ],
)
def test_how_we_came_in(line: str, accepted: tuple[str, ...]) -> None:
    found = SshConfiguration().process(["login=ops", "source=10.0.0.7", f"accepted={line}"])
    assert (found.login, found.source, found.accepted) == ("ops", "10.0.0.7", accepted)


def test_a_host_without_sshd_says_nothing() -> None:
    assert SshConfiguration().process([]) == SshState()
