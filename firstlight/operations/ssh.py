"""sshd's configuration: checked as sshd will read it, tried over a new connection, reloaded."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from pyinfra import host, state
from pyinfra.api import operation

from firstlight import adapter
from firstlight.facts.files import PathState, PathStates
from firstlight.facts.ssh import DROP_IN
from firstlight.operations.files import File, differing, show_differences
from firstlight.operations.trial import SECONDS, Commands, tried

# Runs in a private folder where the new file is called 0. The whole configuration is put together
# beside it, as it will be; then sshd itself says whether it is right and what would hold: for root
# and for who may log in, because a Match block may say otherwise for some.
CHECK = r"""
mkdir -p sshd_config.d
for file in /etc/ssh/sshd_config.d/*.conf; do [ ! -e "$file" ] || cp "$file" sshd_config.d/; done
cp 0 sshd_config.d/10-firstlight.conf
sed "/^[[:space:]]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee]/s#\(/etc/ssh/\)\{0,1\}sshd_config\.d/#$PWD/sshd_config.d/#g" /etc/ssh/sshd_config >sshd_config
sshd=$(command -v sshd || echo /usr/sbin/sshd)
"$sshd" -t -f "$PWD/sshd_config"
for user in $users; do
  getent passwd "$user" >/dev/null || continue
  "$sshd" -T -f "$PWD/sshd_config" \
    -C "user=$user,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22" >said
  echo "$wanted" | while read -r line; do
    grep -qixF "$line" said && continue
    echo "something else in /etc/ssh says otherwise, for $user: sshd would have" >&2
    grep -i "^${line%% *} " said >&2 || echo "nothing in place of: $line" >&2
    exit 1
  done
done
"""

# A signal has sshd read its files anew, and it goes on with the old ones until it is there: a new
# connection in that moment would prove nothing. Where systemd listens (ssh.socket) and no sshd
# runs, the next one reads the new files anyway.
RELOAD = r"""
if systemctl is-active --quiet "$unit"; then systemctl reload "$unit" && sleep 1; fi
"""


def answers(lines: Iterable[tuple[str, str]]) -> list[str]:
    """The lines ``sshd -T`` has to say where ``lines`` (keyword and value) hold."""
    found: list[str] = []
    for keyword, value in lines:
        each = value.split() if keyword == "AllowUsers" else [value]
        found += [f"{keyword.lower()} {word}" for word in each]
    return [line.replace(" prohibit-password", " without-password") for line in found]


def with_values(text: str, **values: str) -> str:
    """The shell ``text`` with ``values`` as its variables: a check and a revert take no others."""
    given = "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    return given + text.strip()


@operation()
def configured(
    text: str,
    lines: Sequence[tuple[str, str]],
    users: Sequence[str],
    unit: str,
    seconds: int = SECONDS,
) -> Commands:
    """
    Have sshd go by our file, unless that would lock the operator out.

    + text: our file
    + lines: keywords and values that have to hold then
    + users: accounts for which they have to
    + unit: systemd's unit of sshd
    + seconds: how long a new connection may take until the old state is back
    """
    item = File(DROP_IN, text)
    have: dict[str, PathState] = host.get_fact(PathStates, paths=(DROP_IN,)) or {}
    if not differing([item], have):
        host.noop("sshd goes by firstlight's file")
        return
    if adapter.wants_diff(state) and not adapter.is_executing(state):
        show_differences([item])
    check = with_values(CHECK, users=" ".join(users), wanted="\n".join(answers(lines)))
    apply = with_values(RELOAD, unit=f"{unit}.service")
    yield from tried("ssh", [item], check=check, apply=apply, seconds=seconds)


@operation()
def retired(unit: str, seconds: int = SECONDS) -> Commands:
    """
    Leave sshd as it would be without us.

    + unit: systemd's unit of sshd
    + seconds: how long a new connection may take until the old state is back
    """
    if DROP_IN not in (host.get_fact(PathStates, paths=(DROP_IN,)) or {}):
        host.noop("sshd is not firstlight's")
        return
    apply = with_values(RELOAD, unit=f"{unit}.service")
    yield from tried("ssh", [], absent=[DROP_IN], apply=apply, seconds=seconds)
