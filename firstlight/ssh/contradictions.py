"""What of sshd's configuration says otherwise than we want, by the file that says it.

sshd keeps the first value it reads of most keywords; lists of users grow with every line, and a
Match block overrides for whom it matches. So it depends on the order of files what a line of ours
is worth, and it can be said before anything is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from firstlight.errors import FirstlightError
from firstlight.facts.ssh import DROP_IN, Line, SshState
from firstlight.ssh.lines import USERS, Group

MAIN = "/etc/ssh/sshd_config"
FOLDER = "/etc/ssh/sshd_config.d/"
PATTERN = f"{FOLDER}*.conf"
GROWING = ("allowusers",)
ALIASES = {"challengeresponseauthentication": "kbdinteractiveauthentication"}
SAME = {"without-password": "prohibit-password"}
"""Words that mean the same."""

Mine = Mapping[str, tuple[Group, str]]


def contradictions(
    host: str, groups: Sequence[Group], state: SshState
) -> Iterator[FirstlightError]:
    """Every line on ``host`` because of which a line of ``groups`` would not hold."""
    mine = {keyword.lower(): (group, value) for group in groups for keyword, value in group.lines}
    if mine and not any(_includes(line) for line in state.lines if not line.match):
        yield FirstlightError(
            "sshd would not read what firstlight writes",
            where=f"{host}, {MAIN}",
            why=f"no line outside a Match block includes {PATTERN}",
            fix=f'put "Include {PATTERN}" at the top of {MAIN}',
        )
        return
    before, after = split(state.lines)
    for line in against(before, mine):
        yield _error(host, line, mine, "sshd keeps the first value, and reads this one first")
    for line in against([each for each in after if _keyword(each) in GROWING], mine):
        yield _error(host, line, mine, "sshd adds up the users of all such lines")
    for line in against([each for each in state.lines if each.match], mine):
        # "no" in a block takes away more than we do: a chroot for uploads, say.
        if line.value.lower() != "no":
            yield _error(host, line, mine, f"its block (Match {line.match}) overrides ours")


def split(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """The lines outside of Match blocks that sshd reads before those of our file, and after."""
    before: list[Line] = []
    after: list[Line] = []
    there = passed = False
    for line in lines:
        if _includes(line):
            there = True
            continue
        in_folder = line.path.startswith(FOLDER)
        passed |= (in_folder and line.path >= DROP_IN) or (there and line.path == MAIN)
        if not line.match and line.path != DROP_IN:
            (after if passed else before).append(line)
    return before, after


def against(lines: Sequence[Line], mine: Mine) -> list[Line]:
    """Those of ``lines`` that say otherwise."""
    return [
        line
        for line in lines
        if (own := mine.get(_keyword(line)))
        and words(_keyword(line), line.value) != words(_keyword(line), own[1])
    ]


def words(keyword: str, value: str) -> str | frozenset[str]:
    """A value as it is compared: sshd's own words, lists of users in any order."""
    plain = " ".join(value.split())
    if keyword.lower() in GROWING:
        return frozenset(plain.split())
    return SAME.get(plain.lower(), plain.lower())


def in_vain(host: str, groups: Sequence[Group], state: SshState) -> Iterator[FirstlightError]:
    """Where our file stands as it shall and sshd says otherwise all the same, for some user."""
    ours = [(line.keyword, line.value) for line in state.lines if line.path == DROP_IN]
    lines = [line for group in groups for line in group.lines]
    if ours != lines:
        return
    for user, answers in state.effective.items():
        for keyword, value in lines:
            have = answers.get(keyword.lower())
            if have is not None and words(keyword, have) != words(keyword, value):
                yield FirstlightError(
                    f"sshd has {keyword} {have} for {user}",
                    where=f"{host}, {DROP_IN}",
                    why=f"firstlight's own is: {keyword} {value}",
                    fix=f"something that sshd reads overrides it: sshd -T -C user={user}",
                )


def _error(host: str, line: Line, mine: Mine, why: str) -> FirstlightError:
    group, value = mine[_keyword(line)]
    setting = "put them into ssh.users, or " if group.control == USERS else ""
    return FirstlightError(
        f"sshd is told otherwise elsewhere: {line.keyword} {line.value}",
        where=f"{host}, {line.path}",
        why=f"{why}; firstlight's own is: {line.keyword} {value}",
        fix=f"{setting}take that line away, or leave firstlight's out: "
        f'hardening.off = {{"{group.control}": "the reason"}}',
    )


def _keyword(line: Line) -> str:
    return ALIASES.get(line.keyword.lower(), line.keyword.lower())


def _includes(line: Line) -> bool:
    return line.keyword.lower() == "include" and any(
        word.strip('"').startswith(("sshd_config.d/*", f"{FOLDER}*")) for word in line.value.split()
    )
