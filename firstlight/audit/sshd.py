"""Whether sshd goes by what deploys/ssh.py writes: the controls named ssh-…, looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from firstlight.audit.access import named
from firstlight.audit.finding import Finding, Level
from firstlight.facts.ssh import SshState
from firstlight.ssh.contradictions import contradictions, words
from firstlight.ssh.lines import KEYS_ONLY, ROOT, USERS, Group

RUN = "run deploys/ssh.py"
SEVERE = (KEYS_ONLY, ROOT, USERS)
"""What these find lets somebody in; the others make it harder."""
TOLD = 4


def gaps(host: str, groups: Sequence[Group], state: SshState) -> Iterator[Finding]:
    """Yield what of ``groups`` does not hold: by the line that says otherwise, else by who is asked."""
    if not state.version:
        return
    if state.problem:
        what = "sshd's configuration is broken: at its next start nobody comes in"
        yield Finding(
            KEYS_ONLY, "fail", host, what, state.problem, "sshd -t says where it is wrong"
        )
        return
    said = set()
    for group in groups:
        level: Level = "fail" if group.control in SEVERE else "warn"
        errors = list(contradictions(host, [group], state))
        for each in errors:
            if str(each) not in said:  # that our file is not read is said by every group
                said.add(str(each))
                where = each.where.removeprefix(f"{host}, ")
                why = f"{where}: {each.why}"
                yield Finding(group.control, level, host, each.what, why, each.fix)
        found = [] if errors else list(otherwise(group, state))
        if found:
            rest = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            why = "; ".join(found[1:TOLD])
            yield Finding(group.control, level, host, f"{found[0]}{rest}", why, RUN)


def otherwise(group: Group, state: SshState) -> Iterator[str]:
    """Yield what sshd answers in place of the lines of ``group``, and for whom."""
    for keyword, value in group.lines:
        users: dict[str, list[str]] = {}
        for user, answers in state.effective.items():
            have = answers.get(keyword.lower(), "")
            # "no" takes away more than we do, and what a release does not know it does not say.
            unknown = not have and group.control != USERS
            if not unknown and have != "no" and words(keyword, have) != words(keyword, value):
                users.setdefault(have, []).append(user)
        for have, who in users.items():
            every = "everybody" if len(who) == len(state.effective) else named(who)
            yield f"sshd has {keyword} {have or 'for all accounts'} for {every}, not {value}"
