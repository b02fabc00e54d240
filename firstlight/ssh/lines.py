"""The lines of sshd's configuration: those that shall hold, in groups with their controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from firstlight.catalogue.ssh import SshRow, ssh_groups
from firstlight.facts.ssh import Key, SshState
from firstlight.settings import HostSettings

RSA_BITS = 3072
"""The least that an RSA key has to have, a host's or a user's: 128 bits of strength."""
KEYS_ONLY, ROOT, USERS = "ssh-keys-only", "ssh-root", "ssh-users"
ALGORITHMS, RSA_SIZE = "ssh-algorithms", "ssh-rsa-size"
FORWARDING, PENALTIES = "ssh-forwarding", "ssh-penalties"


@dataclass(frozen=True)
class Group:
    """Lines under one control: ``lines`` are pairs of keyword and value."""

    control: str
    title: str
    lines: tuple[tuple[str, str], ...]


def wanted(settings: HostSettings, row: SshRow, state: SshState) -> tuple[Group, ...]:
    """The groups whose controls are on, for the host that ``state`` was read of."""
    off = settings.hardening.off
    every = (*_same_everywhere(), *_own(settings, row, state))
    return tuple(each for each in every if each.lines and each.control not in off)


def keywords(settings: HostSettings, row: SshRow) -> tuple[str, ...]:
    """The keywords that sshd is asked for: those of the lines that shall hold, and root's."""
    groups = wanted(settings, row, SshState())
    return ("PermitRootLogin", *(keyword for group in groups for keyword, _ in group.lines))


def root_may(users: Sequence[str], login: str) -> bool:
    """Whether root may log in with a key: named, or the one who logs in where nobody is named."""
    return "root" in users if users else login == "root"


def host_key_algorithms(row: SshRow, keys: Sequence[Key]) -> tuple[str, ...]:
    """Those of the catalogue; without RSA where the host's RSA key is too short to be trusted."""
    short = any(key.kind == "RSA" and key.bits < RSA_BITS for key in keys)
    return tuple(each for each in row.host_keys if not (short and each.startswith("rsa-")))


def _same_everywhere() -> Iterator[Group]:
    for control, group in ssh_groups().items():
        pairs = tuple(line.partition(" ")[::2] for line in group.lines)
        yield Group(control, group.title, pairs)


def _own(settings: HostSettings, row: SshRow, state: SshState) -> Iterator[Group]:
    ssh = settings.ssh
    root = "prohibit-password" if root_may(ssh.users, state.login) else "no"
    yield Group(ROOT, "root's password opens nothing", (("PermitRootLogin", root),))
    named = (("AllowUsers", " ".join(ssh.users)),) if ssh.users else ()
    yield Group(USERS, "Who may log in", named)
    lists = (
        ("KexAlgorithms", row.kex),
        ("Ciphers", row.ciphers),
        ("MACs", row.macs),
        ("HostKeyAlgorithms", host_key_algorithms(row, state.host_keys)),
    )
    pairs = tuple((keyword, ",".join(names)) for keyword, names in lists)
    yield Group(ALGORITHMS, f"Algorithms of OpenSSH {row.openssh}, as paramiko knows them", pairs)
    size = (("RequiredRSASize", str(RSA_BITS)),) if row.rsa_size else ()
    yield Group(RSA_SIZE, "RSA keys of users have as many bits as the host's", size)
    passed_on = "yes" if ssh.forwarding else "no"
    forwarding = (("AllowTcpForwarding", passed_on), ("AllowStreamLocalForwarding", passed_on))
    yield Group(FORWARDING, "Connections passed on: the setting ssh.forwarding", forwarding)
    spared = (("PerSourcePenaltyExemptList", ",".join(settings.firewall.admin)),)
    title = "Who scans from an admin network is not shut out for it"
    yield Group(PENALTIES, title, spared if row.penalties else ())
