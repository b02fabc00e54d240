"""Who gets in: accounts, sudo, SSH's answers, and who can read secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstlight.audit.finding import Finding, Level
from firstlight.audit.inside import Inside

KEYWORDS = (
    "passwordauthentication",
    "kbdinteractiveauthentication",
    "permitemptypasswords",
    "permitrootlogin",
)
"""What sshd is asked for."""
SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "PRIVATE_KEY", "CREDENTIAL")
# They hold names of files, or what no secret is.
HARMLESS = ("_FILE", "_PATH", "_DIR")


def accounts(host: str, inside: Inside) -> Iterator[Finding]:
    """Yield accounts that are root beside root, that need no password, and that sudo asks nothing."""
    for name in inside.root:
        what = f"the account {name} is root: its number is 0"
        yield Finding("user-root", "fail", host, what, "/etc/passwd", f"userdel -f {name}")
    for name in inside.empty:
        what = f"the account {name} has an empty password"
        yield Finding("user-empty-password", "fail", host, what, "/etc/shadow", f"passwd -l {name}")
    for line in inside.sudo:
        who = line.split()[0]
        if who not in (inside.login, "root"):
            what = f"{who} becomes root without a password"
            yield Finding("user-sudo", "note", host, what, line, "visudo, if that is not meant")


def ssh(host: str, effective: Mapping[str, Mapping[str, str]], login: str) -> Iterator[Finding]:
    """Yield how sshd lets in more than keys; ``effective`` are its answers, by user and keyword."""
    run, why = "run deploys/ssh.py", "sshd -T says {}"
    for user in dict.fromkeys((login or "root", "root")):
        said = effective.get(user, {})
        for word in KEYWORDS[:3]:
            if said.get(word) == "yes" and not (user == "root" and root_is_out(said)):
                what = f"sshd lets {user} in by a password"
                yield Finding(
                    "user-password-login", "fail", host, what, why.format(f"{word} yes"), run
                )
                break
    answer = effective.get("root", {}).get("permitrootlogin", "no")
    if answer != "no":
        level: Level = "fail" if answer == "yes" else "note"
        what = "sshd lets root in" + ("" if answer == "yes" else " with a key")
        yield Finding(
            "user-root-login", level, host, what, why.format(f"permitrootlogin {answer}"), run
        )


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
        if any(word in name.upper() for word in SECRET_WORDS) and not name.endswith(HARMLESS):
            yield Finding(
                "secret-environment",
                "fail",
                host,
                f"{holder} has {name} in its environment",
                "systemctl show and docker inspect show it to others",
                "give it as a file: LoadCredential= or a mounted file, and change the secret",
            )
