"""Who gets in: accounts, sudo, SSH's answers, and who can read secrets."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from firstlight.audit.account import by_group, by_sudo
from firstlight.audit.finding import Finding, Level
from firstlight.audit.inside import Inside

KEYWORDS = (
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "permitemptypasswords",
    "permitrootlogin",
    "authenticationmethods",
)
"""What sshd is asked for."""
NAMED = 6
_SECRET = re.compile(
    r"TOKEN$|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|"
    r"(?:^|_)(?:PASS|PWD|KEY|APIKEY|AUTH)$|[A-Z]APIKEY$"
)
# They hold names of files, or what no secret is; a shell's own folder; keys that everybody may know.
_HARMLESS = re.compile(r"(?:_FILE|_PATH|_DIR|MAX_TOKENS|(?:GPG|PUBLIC|PUB)_KEY)$|^PWD$")


def accounts(host: str, inside: Inside, meant: Collection[str] = ()) -> Iterator[Finding]:
    """Yield accounts that are root beside root, that need no password, and that sudo asks nothing.

    ``meant`` are those that the inventory names as people of the host.
    """
    for name in inside.root:
        what = f"the account {name} is root: its number is 0"
        yield Finding("user-root", "fail", host, what, "/etc/passwd", f"userdel -f {name}")
    for name in inside.empty:
        what = f"the account {name} has an empty password"
        yield Finding("user-empty-password", "fail", host, what, "/etc/shadow", f"passwd -l {name}")
    ways = [(who, line, "visudo") for who, line in by_sudo(inside.sudo, inside.accounts)]
    for who, group in by_group(inside.members, inside.accounts):
        why = f"it is in the group {group}, whose members start programs as root"
        ways.append((who, why, f"gpasswd -d {who} {group}"))
    for who, why, fix in ways:
        if who not in (inside.login, "root"):
            what = f"{who} becomes root without a password"
            level: Level = "note" if who in meant else "warn"
            yield Finding("user-sudo", level, host, what, why, f"{fix}, if that is not meant")


def ssh(host: str, effective: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    """Yield how sshd lets in more than keys; ``effective`` are its answers, by user and keyword."""
    by_word: dict[str, list[str]] = {}
    for user, said in effective.items():
        word = next((word for word in KEYWORDS[:3] if said.get(word) == "yes"), "")
        if word and not by_key(said) and not (user == "root" and root_is_out(said)):
            by_word.setdefault(word, []).append(user)
    for word, users in by_word.items():
        what = f"sshd lets {named(users)} in by a password"
        why = f"sshd -T -C user={users[0]} says {word} yes"
        yield Finding("user-password-login", "fail", host, what, why, "run deploys/ssh.py")
    answer = effective.get("root", {}).get("permitrootlogin", "no")
    if answer != "no":
        level: Level = "fail" if answer == "yes" else "note"
        what = "sshd lets root in" + ("" if answer == "yes" else " with a key")
        why = f"sshd -T says permitrootlogin {answer}"
        yield Finding("user-root-login", level, host, what, why, "run deploys/ssh.py")


def named(users: Collection[str]) -> str:
    """Return who they are, in few words."""
    rest = len(users) - NAMED
    return ", ".join([*users][:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def by_key(said: Mapping[str, str]) -> bool:
    """Whether sshd lets nobody in without a key, whatever else it takes beside it."""
    ways = said.get("authenticationmethods", "any").split()
    return all("publickey" in way.split(",") for way in ways)


def root_is_out(said: Mapping[str, str]) -> bool:
    """Whether root gets in by no password, whatever stands for passwords."""
    return said.get("permitrootlogin") in ("no", "prohibit-password", "without-password")


def secrets(host: str, inside: Inside) -> Iterator[Finding]:
    """Yield secrets that others than their owner can read, and such as stand in environments."""
    for mode, user, path in inside.loose:
        who = "everybody" if int(mode, 8) & 0o7 else "its group"
        yield Finding(
            "secret-modes",
            "fail" if int(mode, 8) & 0o7 else "warn",
            host,
            f"{who} may use {path}",
            f"mode {mode}, owner {user}",
            f"chmod go= {path}; and change the secret if others were logged in",
        )
    for holder, name in inside.environment:
        by_value = (holder, name) in inside.urls
        if by_value or is_secret(name):
            said = ": a password stands in its address" if by_value else ""
            yield Finding(
                "secret-environment",
                "fail",
                host,
                f"{holder} has {name} in its environment{said}",
                "systemctl show and docker inspect show it to others",
                "give it as a file: LoadCredential= or a mounted file, and change the secret",
            )


def is_secret(name: str) -> bool:
    """Whether a variable is named like one that holds a secret."""
    upper = name.upper()
    return bool(_SECRET.search(upper)) and not _HARMLESS.search(upper)
