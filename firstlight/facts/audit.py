"""A host as an audit looks at it from inside: everything in one round trip."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

from firstlight.audit.account import ROOTED
from firstlight.audit.inside import Inside, inside

# Every part is a line "@name", then what a program said. Of the environment of units and containers
# only the names of variables leave the host, of password files only the names of accounts. $1 is
# where secrets lie, as patterns, with a slash at the end for a folder without what is in it; $2 the
# record of packages that firstlight holds. Values of variables are read here to tell an address with
# a password in it ("url") from others, and to pass over switches and names of files.
SCRIPT = r"""
LC_ALL=C; export LC_ALL
part() { printf '@%s\n' "$1"; }
part now; date +%s
part manager; if [ -s /var/lib/dpkg/status ]; then echo apt; elif command -v dnf >/dev/null 2>&1; then echo dnf; fi
part system; (. /etc/os-release; echo "id $ID"; echo "version $VERSION_ID") 2>/dev/null
part login
p=$$
while [ "${p:-0}" -gt 1 ]; do
  if tr '\0' '\n' 2>/dev/null <"/proc/$p/environ" | grep -q '^SSH_CONNECTION='; then
    tr '\0' '\n' <"/proc/$p/environ" | sed -n 's/^SSH_CONNECTION=/from /p; s/^LOGNAME=/user /p'
  fi
  p=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$p/status")
done
echo "user ${SUDO_USER:-}"
part addresses; ip -o address show up scope global 2>/dev/null | awk '{print $2, $4}'
part tcp; tcp=$(ss -Htlnp 2>&1) || echo "failed $tcp"; printf '%s\n' "$tcp"
part udp; udp=$(ss -Hulnp 2>&1); printf '%s\n' "$udp"
part groups
for pid in $(printf '%s\n%s\n' "$tcp" "$udp" | grep -o 'pid=[0-9]*' | sort -u | cut -d= -f2); do
  echo "$pid $(sed -n 's/^0:://p; s/^1:name=systemd://p' "/proc/$pid/cgroup" 2>/dev/null | head -n 1)"
done
part sockets; systemctl list-sockets --no-legend --full 2>/dev/null | awk '{print $1, $2}'
part containers
if command -v docker >/dev/null 2>&1; then
  for id in $(timeout 20 docker ps -q --no-trunc 2>/dev/null); do
    timeout 20 docker inspect -f '{"id":{{json .Id}},"name":{{json .Name}},"ports":{{json .NetworkSettings.Ports}},"networks":{{json .NetworkSettings.Networks}},"host":{{json .HostConfig.NetworkMode}}}' "$id" 2>/dev/null
  done
fi
part networks; command -v docker >/dev/null 2>&1 && timeout 20 docker network ls --format '{{.Driver}} {{.Name}}' 2>/dev/null
named() {
  awk -v holder="$1" '{
    at = index($0, "="); name = substr($0, 1, at - 1); value = substr($0, at + 1); sub(/"$/, "", value)
    if (name !~ /^"?[A-Za-z_][A-Za-z_0-9.-]*$/ || length(value) < 2) next
    if (value ~ /^(true|false|yes|no|on|off|none)$/) next
    if (value ~ /^[\/].*[.](key|pem|crt|txt|json)$/) next
    sub(/^"/, "", name)
    print holder, name, (value ~ "^[A-Za-z][A-Za-z0-9+.-]*://[^/@: ]*:[^/@ ]+@" ? "url" : "")
  }'
}
part environment
for unit in $(systemctl list-units --type=service --state=active --no-legend --plain 2>/dev/null | awk '{print $1}' | grep '^firstlight'); do
  systemctl show -p Environment --value "$unit" | grep -oE '"[A-Za-z_0-9]+=[^"]*"|[A-Za-z_0-9]+=[^ ]+' | named "$unit"
done
if command -v docker >/dev/null 2>&1; then
  for id in $(timeout 20 docker ps -q 2>/dev/null); do
    holder=$(timeout 20 docker inspect -f '{{.Name}}' "$id" 2>/dev/null)
    timeout 20 docker inspect -f '{{range .Config.Env}}{{json .}}{{"\n"}}{{end}}' "$id" 2>/dev/null | named "${holder#/}"
  done
fi
part table; command -v nft >/dev/null 2>&1 && nft -j list table inet firstlight 2>/dev/null
part rules; sha256sum </etc/firstlight/firewall/rules.nft 2>/dev/null
part changed; timeout 10 journalctl -q --since -7d -o short-iso -t firstlight-firewall --no-pager 2>/dev/null | grep 'changed by somebody' | cut -c1-600 | tail -n 20
part secrets
for folder in $1; do
  [ -e "$folder" ] || continue
  case $folder in */) depth=0 ;; *) depth=99 ;; esac
  find "${folder%/}" -maxdepth $depth \( -type f -o -type d \) -perm /077 -printf '%m %u %y %p\n' 2>/dev/null
done
part root; awk -F: '$3 == 0 && $1 != "root" {print $1}' /etc/passwd
part empty; awk -F: '$2 == "" {print $1}' /etc/shadow 2>/dev/null
part accounts; awk -F: '{print $3, $4, $1, $7}' /etc/passwd
part sudo; grep -rhsE '^[[:space:]]*(%?#[0-9]+[[:space:]])?[^#]*NOPASSWD|^[[:space:]]*Defaults.*![[:space:]]*authenticate' /etc/sudoers /etc/sudoers.d
part members; for group in $3; do getent group "$group"; done
part hostkeys; cat /etc/ssh/ssh_host_*_key.pub 2>/dev/null | awk '{print $1, $2}'
part held
ours=$(cat "$2" 2>/dev/null | tr '\n' ' ')
if [ -n "$ours" ] && [ -s /var/lib/dpkg/status ]; then
  dpkg-query -W -f '${db:Status-Status} ${db:Status-Want} ${Package}\n' $ours 2>/dev/null |
    awk '$1 == "installed" {print ($2 == "hold" ? "hold" : "free"), $3}'
elif [ -n "$ours" ] && command -v rpm >/dev/null 2>&1; then
  rpm -q --qf 'free %{NAME}\n' $ours | grep '^free '
  sed 's/^/lock /' /etc/dnf/plugins/versionlock.list 2>/dev/null
fi
part updates
if command -v apt-get >/dev/null 2>&1; then
  timeout 60 apt-get -s -o Debug::NoLocking=1 dist-upgrade 2>/dev/null | awk '/^Inst / && tolower($0) ~ /security/ {print "security", $2}'
  find /var/lib/apt/lists -maxdepth 1 -name '*Release' -printf 'lists %T@\n' 2>/dev/null
  stat -c 'upgraded %Y' /var/lib/apt/periodic/unattended-upgrades-stamp /var/lib/apt/periodic/upgrade-stamp 2>/dev/null
elif command -v dnf >/dev/null 2>&1; then
  timeout 60 dnf -q -C updateinfo list --security --updates 2>/dev/null | awk '{print "security", $NF}'
  find /var/cache/dnf /var/cache/libdnf5 -name repomd.xml -printf 'lists %T@\n' 2>/dev/null
fi
[ -e /run/reboot-required ] && echo "reboot $(tr '\n' ' ' </run/reboot-required.pkgs 2>/dev/null)"
command -v needs-restarting >/dev/null 2>&1 && { timeout 30 needs-restarting -r >/dev/null 2>&1 || echo "reboot by needs-restarting"; }
part end
true
"""


class AuditState(FactBase[Inside]):
    """Return the :class:`Inside` of a host.

    ``secrets`` are folders and files that nobody but their owner may read, as patterns, ``held`` is
    the file that names the packages which firstlight holds.
    """

    default = Inside

    @override
    def command(self, secrets: tuple[str, ...], held: str) -> StringCommand:
        folders = QuoteString(" ".join(secrets))
        groups = QuoteString(" ".join(ROOTED))
        return StringCommand(
            "sh -c", QuoteString(SCRIPT.strip()), "audit", folders, QuoteString(held), groups
        )

    @override
    def process(self, output: list[str]) -> Inside:
        return inside(output)
