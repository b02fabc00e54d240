"""What firstlight put on a host and what of it is still there, in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pyinfra.api import FactBase, QuoteString, StringCommand
from typing_extensions import override

from firstlight.engines.network import LABEL

# A path is "ours" with a checksum that was written, "original" as it stood before, "changed" when
# it is neither. Paths that roles own by their names count where they were not recorded.
SCRIPT = r"""
m=$1 names= held=$2 owned=$3 units=$4 store=$5 kinds=" $6 "; tab=$(printf '\t')
asked() { case $kinds in *" $1 "*|"  ") return 0 ;; esac; return 1; }
[ -e $m/taken ] && echo "taken$tab$(cut -d' ' -f1 $m/taken)"
state() {
  if [ -L "$1" ]; then
    [ -L "$m/originals$1" ] && [ "$(readlink "$1")" = "$(readlink "$m/originals$1")" ] && echo original || echo changed
  elif [ -d "$1" ]; then stat -c '%a %U:%G' "$1"
  elif [ -e "$1" ]; then
    if grep -qsxF "$(sha256sum <"$1" | cut -c1-64)  $1" $m/wrote; then echo ours
    elif [ -f "$m/originals$1" ] && cmp -s "$1" "$m/originals$1"; then echo original
    else echo changed; fi
  else echo absent; fi
}
asked paths && [ -e $m/files ] && while IFS=$tab read -r was path; do
  echo "path$tab$was$tab$(state "$path")$tab$path"
done <$m/files
# Where nothing of firstlight's own is, what bears its name was left there on purpose.
asked paths && { [ -e $m/taken ] || [ -e /etc/firstlight ]; } && for path in $owned; do
  [ -e "$path" ] || [ -L "$path" ] || continue
  cut -f2- $m/files 2>/dev/null | grep -qxF "${path%/}" || echo "path${tab}owned$tab-$tab${path%/}"
done
if ! asked packages; then now=
elif [ -s /var/lib/dpkg/status ]; then
  # A package that a power cut left half removed, or of which only its configuration is left, is
  # there as well: what came with it goes with it.
  now=$(dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' |
    sed -E '/^(installed|not-installed) /!s/^[^ ]+ /left /')
  now="$now
$(sed -n '/^Package: /{s///;h}; /^Auto-Installed: 1/{x;s/^/auto /p}' /var/lib/apt/extended_states 2>/dev/null)"
else now=$(rpm -qa --qf 'installed %{NAME}.%{ARCH}\n'); fi
now="$now
$(cut -d: -f1 /etc/passwd | sed 's/^/user /')
$(cut -d: -f1 /etc/group | sed 's/^/group /')"
asked packages && [ -e $m/packages ] && printf '%s\n' "$now" | awk -v tab="$tab" '
  NR == FNR {now[$0] = 1; next}
  {word = substr($0, 2); sign = substr($0, 1, 1)}
  sign == "+" && (word in now || word ~ /^installed / && ("left" substr(word, 10)) in now) || sign == "-" && !(word in now) {sub(/ /, tab, word); print "moved" tab sign tab word}' - $m/packages
asked packages && [ -e $m/purge ] && echo "cut${tab}purge"
sed -n "s/^account /account$tab/p" $m/things 2>/dev/null
# Units that packages brought which firstlight installed: they are not to be on afterwards.
theirs() {
  { systemctl list-unit-files --no-legend --no-pager --plain --state=enabled | cut -d' ' -f1
    systemctl list-units --no-legend --no-pager --plain --state=active --type=service,socket,timer | cut -d' ' -f1
  } | sort -u | while read -r unit; do
    grep -q "^unit $unit " $m/before && continue
    path=$(systemctl show -p FragmentPath --value "$unit")
    case $path in /usr/lib/*|/lib/*) : ;; *) continue ;; esac
    if [ -s /var/lib/dpkg/status ]; then
      name=$(dpkg -S "$path" 2>/dev/null || dpkg -S "${path#/usr}" 2>/dev/null || dpkg -S "/usr$path" 2>/dev/null); name=${name%%: *}
    else name=$(rpm -qf --qf '%{NAME}.%{ARCH}' "$path"); fi
    grep -qxF -e "+installed $name" $m/packages && echo "$unit"
  done
}
asked units && for unit in $(printf '%s\n' $units $(sed -n 's/^unit //p' $m/things 2>/dev/null) $([ -e $m/packages ] && theirs) | sort -u); do
  was=$(awk -v u="$unit" '$1 == "unit" && $2 == u {s = $3} $1 == "active" && $2 == u {a = "active"} END {print (s ? s : "-") " " (a ? a : "-")}' $m/before 2>/dev/null)
  echo "unit$tab$unit$tab${was:-? ?}$tab$(systemctl is-enabled "$unit" 2>/dev/null | grep . || echo -) $(systemctl is-active "$unit")"
done
asked paths && [ -e $m/before ] && for key in $(cut -f2- $m/files 2>/dev/null | grep '^/etc/sysctl.d/' | tr '\n' '\0' |
    xargs -0 -r sed -n 's/^-\{0,1\}\([a-z][^ =#]*\) *=.*/\1/p' 2>/dev/null | tr . /) $(grep -q '^unit docker.service ' $m/before ||
    echo net/ipv4/ip_forward net/ipv6/conf/all/forwarding net/ipv6/conf/default/forwarding); do
  for path in /proc/sys/$key; do
    key=${path#/proc/sys/}
    was=$(sed -n "s|^$key:||p" $m/sysctls | tr '\t' ' ' | head -n 1)
    is=$(tr '\t' ' ' <"$path" 2>/dev/null | head -n 1)
    [ -z "$was" ] || [ "$was" = "$is" ] || echo "sysctl$tab$key$tab$was"
  done
done
if asked holds && [ -s "$held" ] && command -v apt-mark >/dev/null; then apt-mark showhold | grep -xF -f "$held" | sed "s/^/hold$tab/"; fi
if asked docker && ! systemctl is-active --quiet docker.service && [ -e /sys/class/net/docker0 ]; then
  [ ! -e $m/before ] || grep -qx 'interface docker0' $m/before || echo "bridge${tab}docker0"
fi
if asked docker && systemctl is-active --quiet docker.service; then
  docker ps -a --format '{{.Names}}' | grep '^firstlight-' | sed "s/^/container$tab/"
  { docker network ls --format '{{.Name}}' | grep '^firstlight-'
    docker network ls --filter label=LABEL --format '{{.Name}}'; } | sort -u | sed "s/^/network$tab/"
  docker volume ls -q | grep '^firstlight-' | sed "s/^/volume$tab/"
  for image in $(sed -n 's/^image //p' $m/things 2>/dev/null); do
    docker image inspect -f '{{.Id}}' "$image" 2>/dev/null | sed "s|.*|image$tab$image|"
  done
  names=$(docker ps -a --format '{{.Names}}'; docker volume ls -q)
elif asked docker && [ -d /var/lib/docker ]; then
  # It is not asked where it is switched off: a question would start it.
  names=$(cd /var/lib/docker || exit; ls -d volumes/*/; sed 's/.*"Name":"\/\([^"]*\)".*/\1\n/' containers/*/config.v2.json)
fi 2>/dev/null
asked docker && echo "foreign$tab$(printf '%s\n' "$names" | sed 's|^volumes/||' | grep -vcE '^(firstlight-|$)')"
asked paths && command -v nft >/dev/null && for table in firstlight firstlight-fetch; do
  nft list table inet "$table" >/dev/null 2>&1 && echo "table$tab$table"
done
asked paths && ls -d /etc/cdi/*.before-firstlight 2>/dev/null | sed "s/^/aside$tab/"
asked paths && find /etc -xdev -name '*.before-firstlight.disabled' | sed "s/^/aside$tab/"
[ -d "$store" ] && echo "weights$tab$store"
ls -d /etc/firstlight /usr/local/lib/firstlight /run/firstlight /run/firstlight-* 2>/dev/null | sed "s/^/own$tab/"
[ -d "${m%/*}" ] && find "${m%/*}" -mindepth 1 -maxdepth 1 '!' -name manifest | sed "s/^/own$tab/"
ls -d $m/originals $m/daemon.json 2>/dev/null | sed "s/^/own$tab/"
true
""".replace("LABEL", LABEL)


@dataclass(frozen=True)
class Entry:
    """One path: what stood there before, and what stands there now."""

    path: str
    was: str
    now: str


@dataclass(frozen=True)
class Unit:
    """One unit of others: enabled and active, before (``?`` unknown, ``-`` not there) and now."""

    name: str
    was: tuple[str, str]
    now: tuple[str, str]


@dataclass(frozen=True)
class Recorded:
    """What a host's manifest says, and how much of it is true now.

    ``taken`` is ``first`` when the host was taken down before its first change, ``late`` when
    firstlight had changed it already, empty where there is no manifest. ``words`` are all the
    other lines by their kind.
    """

    taken: str = ""
    entries: tuple[Entry, ...] = ()
    units: tuple[Unit, ...] = ()
    words: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)

    def named(self, kind: str) -> tuple[str, ...]:
        """Return the first word of every line of ``kind``."""
        return tuple(words[0] for words in self.words.get(kind, ()) if words)

    def moved(self, sign: str, kind: str) -> tuple[str, ...]:
        """Return the packages or accounts that came (``+``) or went (``-``), and still are so."""
        return tuple(w[2] for w in self.words.get("moved", ()) if w[:2] == (sign, kind))


class ManifestState(FactBase[Recorded]):
    """Return what is :class:`Recorded` on a host.

    ``folder`` is the manifest's, ``held`` the file of packages that are held for firstlight,
    ``owned`` are patterns of paths, ``units`` names of units of others, ``store`` holds weights.
    ``kinds`` says what is asked for (paths, packages, units, holds, docker); none: everything.
    """

    default = Recorded

    @override
    def command(
        self,
        folder: str,
        held: str,
        owned: Sequence[str],
        units: Sequence[str],
        store: str,
        kinds: Sequence[str] = (),
    ) -> StringCommand:
        words = [folder, held, "\n".join(owned), "\n".join(units), store, " ".join(kinds)]
        return StringCommand("sh -c", QuoteString(SCRIPT), "manifest", *map(QuoteString, words))

    @override
    def process(self, output: list[str]) -> Recorded:
        many: dict[str, dict[tuple[str, ...], None]] = {}
        for line in output:
            kind, *words = line.split("\t")
            many.setdefault(kind, {})[tuple(words)] = None
        lines = {kind: tuple(found) for kind, found in many.items()}
        taken = lines.pop("taken", ((("",)),))[0][0]
        entries = [Entry(w[2], w[0], w[1]) for w in lines.pop("path", ()) if len(w) == 3]
        units = [Unit(w[0], _pair(w[1]), _pair(w[2])) for w in lines.pop("unit", ()) if len(w) == 3]
        return Recorded(taken, tuple(entries), tuple(units), lines)


def _pair(text: str) -> tuple[str, str]:
    first, _, second = text.partition(" ")
    return first, second
