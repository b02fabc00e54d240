"""Whom a change of sshd would lock out, and what else has to be known before it is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from firstlight.catalogue.ssh import SshRow
from firstlight.errors import FirstlightError
from firstlight.facts.ssh import VOUCHED, Key, SshState
from firstlight.settings import HostSettings
from firstlight.ssh.contradictions import contradictions, in_vain
from firstlight.ssh.lines import (
    ALGORITHMS,
    FORWARDING,
    KEYS_ONLY,
    RSA_BITS,
    RSA_SIZE,
    USERS,
    Group,
    host_key_algorithms,
    root_may,
    wanted,
)


def obstacles(
    settings: HostSettings, row: SshRow, state: SshState, host_key: str = ""
) -> Iterator[FirstlightError]:
    """Why sshd of a host must not be changed as the settings want it; nothing where it may.

    ``host_key`` is the kind of host key by which the control machine knows the host
    (``ssh-ed25519``), empty where no SSH is used.
    """
    name = settings.name
    if not settings.ssh.enabled or (not state.version and not state.login):
        return
    if not state.version:
        yield _no_openssh(name)
        return
    if state.problem:
        yield FirstlightError(
            "sshd's configuration is broken already: at its next start nobody would come in",
            where=name,
            why=state.problem,
            fix="mend it on the host; sshd -t says where it is wrong",
        )
        return
    groups = wanted(settings, row, state)
    on = {group.control: group for group in groups}
    against = list(contradictions(name, groups, state))
    yield from against or in_vain(name, groups, state)
    if state.login:
        yield from _login(settings, on, state)
    if ALGORITHMS in on:
        yield from _algorithms(name, row, state, host_key)
    if FORWARDING in on and not settings.ssh.forwarding and state.jumps:
        yield FirstlightError(
            "somebody goes through this host to another one right now",
            where=f"{name}: ssh.forwarding",
            why=f"sshd holds a connection to {', '.join(sorted(set(state.jumps)))}",
            fix="set ssh.forwarding to True on a jump host; else end that connection first",
        )


def remarks(settings: HostSettings, row: SshRow, state: SshState) -> Iterator[str]:
    """What the operator has to know although it stands in nobody's way now."""
    on = {group.control for group in wanted(settings, row, state)}
    if not settings.ssh.enabled or not state.effective:
        return
    if KEYS_ONLY in on and not (state.login or state.keys):
        yield "nobody here has a key, so nobody can log in over SSH until one does: ssh-copy-id"
    may = state.effective.get("root", {}).get("permitrootlogin", "no") != "no"
    if may and state.keys.get("root") and not root_may(settings.ssh.users, state.login):
        yield (
            f"root has {len(state.keys['root'])} keys and will not log in over SSH any more; "
            "who wants it names root in ssh.users"
        )
    for user in settings.ssh.users:
        if user not in state.effective:
            yield f"ssh.users: there is no account {user} yet"
        elif not state.keys.get(user) and not _vouched(state, user):
            yield f"ssh.users: {user} has no key, so nobody can log in as {user}"
        elif RSA_SIZE in on and row.rsa_size and not _usable(state.keys.get(user, ()), True):
            yield f"ssh.users: {user} has only RSA keys below {RSA_BITS} bits: none of them works"


def _login(
    settings: HostSettings, on: dict[str, Group], state: SshState
) -> Iterator[FirstlightError]:
    """How the one who asks came in, and whether that way stays open."""
    name, login = settings.name, state.login
    if USERS in on and login not in settings.ssh.users:
        yield FirstlightError(
            f"this would lock you out: you are logged in as {login}",
            where=f"{name}: ssh.users",
            why=f"only {', '.join(settings.ssh.users)} could log in afterwards",
            fix=f'add "{login}" to ssh.users, or log in as one of them (ssh_user)',
        )
    if KEYS_ONLY not in on:
        return
    method = state.accepted[0] if state.accepted else ""
    if method not in ("", "publickey"):
        yield FirstlightError(
            "this would lock you out: you logged in without a key, and only keys open afterwards",
            where=f"{name}: login as {login}",
            why=f"sshd's own log says that it accepted: {method}",
            fix=f"put your key there first: ssh-copy-id {login}@{settings.reached_at}; "
            "then take ssh_password out of the inventory",
        )
        return
    if _vouched(state, login):
        return
    yield from _login_key(name, login, state, RSA_SIZE in on)


def _login_key(name: str, login: str, state: SshState, sized: bool) -> Iterator[FirstlightError]:
    keys, used = state.keys.get(login, ()), set(state.accepted[1:])
    own = [key for key in keys if key.fingerprint in used] if used else list(keys)
    if not own:
        which = "the key you logged in with" if used else "a key"
        yield FirstlightError(
            f"this would lock you out: {which} is not among those that sshd would read",
            where=f"{name}: login as {login}",
            why=f"the files that sshd reads for {login} (AuthorizedKeysFile) hold {len(keys)} keys",
            fix=f"put your key there first: ssh-copy-id {login}@ADDRESS",
        )
    elif not _usable(own, sized):
        yield FirstlightError(
            f"this would lock you out: your RSA key has fewer than {RSA_BITS} bits",
            where=f"{name}: login as {login}",
            why=", ".join(f"{key.bits} bits: {key.fingerprint}" for key in own),
            fix="make a key with ssh-keygen -t ed25519 and put it on the host, or "
            f'hardening.off = {{"{RSA_SIZE}": "the reason"}}',
        )


def _algorithms(
    name: str, row: SshRow, state: SshState, host_key: str
) -> Iterator[FirstlightError]:
    off = f'hardening.off = {{"{ALGORITHMS}": "the reason"}}'
    offered = host_key_algorithms(row, state.host_keys)
    if state.fips:
        yield FirstlightError(
            "the host is in FIPS mode, and the algorithms of firstlight are not FIPS's",
            where=name,
            why="/proc/sys/crypto/fips_enabled is 1; curve25519 is no part of FIPS 140",
            fix=f"leave the system's own: {off}",
        )
    kinds = {"ED25519": "ssh-ed25519", "RSA": "rsa-sha2-512"}
    if not any(kinds.get(key.kind) in offered for key in state.host_keys):
        have = ", ".join(f"{key.kind} {key.bits}" for key in state.host_keys) or "none"
        yield FirstlightError(
            "the host has no host key that modern SSH wants",
            where=name,
            why=f"ED25519, or RSA with {RSA_BITS} bits, is needed; it has {have}",
            fix="make the missing ones on it (what is there stays): ssh-keygen -A",
        )
    elif host_key and not any(_kind(host_key) == _kind(each) for each in offered):
        yield FirstlightError(
            f"this would lock you out: you know the host by a key of the kind {host_key}",
            where=name,
            why=f"afterwards it shows {', '.join(sorted({key.kind for key in state.host_keys}))} "
            "keys only, and paramiko takes a second kind for a changed host",
            fix="compare and store the host's other key first (ssh-keyscan -t ed25519), and take "
            "the old line out of known_hosts",
        )


def _kind(algorithm: str) -> str:
    return "rsa" if "rsa" in algorithm else algorithm


def _usable(keys: Sequence[Key], sized: bool) -> bool:
    return any(not sized or key.kind != "RSA" or key.bits >= RSA_BITS for key in keys)


def _vouched(state: SshState, user: str) -> bool:
    """Whether another than the user's own files says whose key is right."""
    found = state.effective.get(user, {})
    return any(found.get(each, "none") != "none" for each in VOUCHED)


def _no_openssh(name: str) -> FirstlightError:
    return FirstlightError(
        "you came in by SSH, and the host has no OpenSSH server",
        where=name,
        why="there is no program sshd",
        fix="install openssh-server, or set ssh.enabled to False: firstlight knows no other",
    )
