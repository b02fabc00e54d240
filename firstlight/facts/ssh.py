"""sshd as it is on a host: its configuration, its keys, and how we came in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

from firstlight.facts.probe import whole

# sudo takes SSH_CONNECTION away: the shell that sshd started still has it. What sshd wrote about
# that very connection says how we logged in. A configuration file is shown as sshd reads it, with
# what it includes at its place. $1: keywords to show; the rest: users to ask for.
READ = r"""
LC_ALL=C; export LC_ALL
words=$1; shift
sshd=$(command -v sshd || echo /usr/sbin/sshd)
[ -x "$sshd" ] || exit 0
echo "version=$({ "$sshd" -V; ssh -V; } 2>&1 | grep -om1 'OpenSSH_[^ ,]*')"
[ "$(cat /proc/sys/crypto/fips_enabled 2>/dev/null)" = 1 ] && echo fips=yes
p=$$ login=; address=127.0.0.1 port= local=127.0.0.1 lport=22
while [ "${p:-0}" -gt 1 ]; do
  found=$(tr '\0' '\n' 2>/dev/null </proc/$p/environ | sed -n 's/^SSH_CONNECTION=//p')
  if [ -n "$found" ]; then
    login=$(tr '\0' '\n' </proc/$p/environ | sed -n 's/^LOGNAME=//p')
    echo "login=$login"
    IFS=' ' read -r address port local lport <<EOF
$found
EOF
  fi
  p=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$p/status)
done
if [ -n "$port" ]; then
  echo "source=$address"
  timeout 5 journalctl -q --since -12h -o cat -t sshd -t sshd-session --no-pager 2>/dev/null |
    grep -F " port $port " | sed -n 's/^Accepted /accepted=/p' | tail -n 1
fi
show() {
  [ -r "$1" ] && [ "$2" -lt 8 ] || return 0
  sed 's/^[[:space:]]*//;/^#/d;/^$/d;s/[[:space:]]*$//' "$1" | while IFS= read -r line; do
    printf 'line=%s\t%s\n' "$1" "$line"
    case $line in
      [Ii][Nn][Cc][Ll][Uu][Dd][Ee][[:space:]=]*)
        for pattern in $(echo "${line#???????}" | tr -d '="'); do
          case $pattern in /*) ;; *) pattern=/etc/ssh/$pattern ;; esac
          for file in $pattern; do show "$file" $(($2 + 1)); done
        done ;;
    esac
  done
}
show /etc/ssh/sshd_config 0
seen=" "
for user in root $login $SUDO_USER "$@"; do
  case $seen in *" $user "*) continue ;; esac
  seen="$seen$user "
  home=$(getent passwd "$user" | cut -d: -f6)
  [ -n "$home" ] || continue
  echo "user=$user"
  where="user=$user,host=localhost,addr=$address,laddr=$local,lport=$lport"
  all=$("$sshd" -T -C "$where" 2>&1) || { echo "problem=$(echo "$all" | tail -n 1)"; break; }
  echo "$all" | grep -iE "^($words) " | sed "s/^/is=$user /"
  for file in $(echo "$all" | sed -n 's/^authorizedkeysfile //p'); do
    file=$(echo "$file" | sed "s|%h|$home|g;s|%u|$user|g;s|%%|%|g")
    case $file in /*) ;; *) file=$home/$file ;; esac
    [ -r "$file" ] && ssh-keygen -lf "$file" 2>/dev/null | sed "s/^/key=$user /"
  done
done
echo "$all" | sed -n 's/^hostkey //p' | while read -r file; do
  [ -r "$file.pub" ] && ssh-keygen -lf "$file.pub" 2>/dev/null | sed 's/^/hostkey=/'
done
ss -Htnp state established '( dport = :22 )' 2>/dev/null | grep -F '"sshd' | awk '{print "jump=" $4}'
true
"""
DROP_IN = "/etc/ssh/sshd_config.d/10-firstlight.conf"
"""firstlight's own part of sshd's configuration."""
VOUCHED = ("authorizedkeyscommand", "trustedusercakeys")
"""Keywords by which others than a user's own files say whose key is right."""


@dataclass(frozen=True)
class Key:
    """A public key: its size in bits, its SHA-256 fingerprint, its kind (ED25519, RSA…)."""

    bits: int
    fingerprint: str
    kind: str


@dataclass(frozen=True)
class Line:
    """A line of sshd's configuration; ``match`` is the condition of the block it stands in."""

    path: str
    keyword: str
    value: str
    match: str = ""


@dataclass(frozen=True)
class SshState:
    """What sshd is, and how the connection came that asks.

    ``version`` is empty where the host has no OpenSSH, ``login`` where nobody came by SSH.
    ``accepted`` is how sshd let us in: its word for the method, and the key's fingerprint.
    ``effective`` are sshd's own answers by user and keyword; ``problem`` is why it gives none.
    ``jumps`` are SSH servers that somebody reaches through this one.
    """

    version: str = ""
    login: str = ""
    source: str = ""
    accepted: tuple[str, ...] = ()
    fips: bool = False
    lines: tuple[Line, ...] = ()
    effective: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: dict[str, tuple[Key, ...]] = field(default_factory=dict)
    host_keys: tuple[Key, ...] = ()
    jumps: tuple[str, ...] = ()
    problem: str = ""


class SshConfiguration(FactBase[SshState]):
    """Return the :class:`SshState`: of ``keywords``, for root, who asks, and ``users``."""

    default = SshState

    @override
    def command(self, keywords: Sequence[str], users: Sequence[str] = ()) -> StringCommand:
        words = QuoteString("|".join([*(word.lower() for word in keywords), *VOUCHED]))
        names = [QuoteString(user) for user in users]
        return StringCommand("sh -c", QuoteString(READ.strip()), "firstlight", words, *names)

    @override
    def process(self, output: list[str]) -> SshState:
        many: dict[str, list[str]] = {}
        for line in output:
            name, _, value = line.partition("=")
            many.setdefault(name, []).append(value)
        one = {name: values[-1] for name, values in many.items()}
        effective: dict[str, dict[str, str]] = {user: {} for user in many.get("user", ())}
        for user, keyword, value in (each.split(" ", 2) for each in many.get("is", ())):
            # AllowUsers and its like are answered with a line for each name.
            before = effective[user].get(keyword)
            effective[user][keyword] = value if before is None else f"{before} {value}"
        keys: dict[str, tuple[Key, ...]] = {}
        for user, _, text in (each.partition(" ") for each in many.get("key", ())):
            keys[user] = (*keys.get(user, ()), key(text))
        accepted = tuple(
            word
            for place, word in enumerate(one.get("accepted", "").split())
            if place == 0 or word.startswith("SHA256:")
        )
        return SshState(
            version=one.get("version", ""),
            login=many.get("login", [""])[-1],
            source=one.get("source", ""),
            accepted=accepted,
            fips="fips" in one,
            lines=tuple(matched(many.get("line", ()))),
            effective=effective,
            keys=keys,
            host_keys=tuple(key(text) for text in many.get("hostkey", ())),
            jumps=tuple(many.get("jump", ())),
            problem=one.get("problem", ""),
        )


def key(text: str) -> Key:
    """Read a key as ssh-keygen names it: ``256 SHA256:… comment (ED25519)``."""
    bits, _, rest = text.partition(" ")
    return Key(whole(bits, 0), rest.partition(" ")[0], rest.rpartition("(")[2].rstrip(")"))


def matched(lines: Iterable[str]) -> Iterable[Line]:
    """Read lines as ``path<TAB>Keyword value``, each with the Match block it stands in.

    A block ends with its file: sshd goes on after an Include as it was before it.
    """
    match: dict[str, str] = {}
    for line in lines:
        path, _, text = line.partition("\t")
        words = text.replace("=", " ", 1).split(None, 1)
        keyword, value = words[0], (words[1] if len(words) > 1 else "").strip().replace('"', "")
        if keyword.lower() == "match":
            match[path] = "" if value.lower() == "all" else value
        else:
            yield Line(path, keyword, value, match.get(path, ""))
