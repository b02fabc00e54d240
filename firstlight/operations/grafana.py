"""Grafana on a monitor: serving every dashboard, or gone."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand, operation

from firstlight.errors import FirstlightError
from firstlight.facts.grafana import GrafanaState, Running
from firstlight.operations.commands import explained, script

UNIT = "firstlight-grafana.service"
CONTAINER = "firstlight-grafana"
LABEL = "firstlight.spec"
MARK = "/var/lib/firstlight/grafana-proven"
"""What it was last seen serving with."""
PROOF = "/usr/local/lib/firstlight/grafana-proof"
"""The program that looks."""

# The password of a database that is there already is the one that was given when it was made:
# Grafana's own program sets it to the site's, which it reads from a file.
SERVE = r"""
unit=$1 container=$2 folder=$3 proof=$4 url=$5 mark=$6 proven=$7 how=$8; shift 8
said() { journalctl -q -u "$unit" -n 12 --no-pager -o cat >&2; exit 1; }
rm -f "$mark"
for path in "$folder"/dashboards/*; do
  case " $* " in *" ${path##*/} "*) ;; *) rm -f -- "$path" ;; esac
done
systemctl daemon-reload; systemctl reset-failed "$unit" 2>/dev/null
systemctl enable --quiet "$unit" && systemctl "$how" "$unit" || said
python3 -I "$proof" "$url" "$folder"; rc=$?
if [ "$rc" = 3 ]; then
  echo "the password is set to the site's" >&2
  docker exec -i "$container" grafana cli --homepath /usr/share/grafana --config /etc/grafana/grafana.ini \
    admin reset-admin-password --password-from-stdin <"$folder/admin-password" >/dev/null || said
  python3 -I "$proof" "$url" "$folder"; rc=$?
fi
[ "$rc" = 0 ] || said
printf '%s\n' "$proven" >"$mark"
"""
# Its data stay: people's own dashboards are among them.
RETIRE = r"""
unit=$1 container=$2 folder=$3 mark=$4
systemctl disable --quiet --now "$unit" 2>/dev/null
command -v docker >/dev/null && docker rm --force "$container" >/dev/null 2>&1
rm -rf -- "$folder" "/etc/systemd/system/$unit" "$mark"
systemctl daemon-reload; systemctl reset-failed "$unit" 2>/dev/null
true
"""


def read() -> Running:
    """Return the host's Grafana as it is."""
    found = host.get_fact(GrafanaState, unit=UNIT, container=CONTAINER, label=LABEL, mark=MARK)
    return found or Running()


@operation()
def dashboards_served(
    spec: str, proven: str, folder: str, url: str, names: Sequence[str]
) -> Generator[StringCommand, None, None]:
    """
    Have Grafana serve every dashboard; done when it was seen.

    + spec: what its container is to be made of
    + proven: what it is to be seen serving with
    + folder: with the files that it goes by
    + url: where it answers on the host
    + names: the files of its dashboards; others are removed
    """
    have = read()
    runs = have.active and have.spec == spec
    if runs and have.proven == proven:
        host.noop("Grafana serves every dashboard")
        return
    words = (UNIT, CONTAINER, folder, PROOF, url, MARK, proven, "start" if runs else "restart")
    yield explained(
        script(SERVE, *words, *names),
        FirstlightError(
            "Grafana does not serve the dashboards",
            where=host.name,
            why="its words stand above",
            fix=f"journalctl -u {UNIT} on the host; monitor.grafana.enabled: False goes without",
        ),
    )


@operation()
def retired(folder: str) -> Generator[StringCommand, None, None]:
    """
    Have no Grafana; its data stay.

    + folder: with the files that it went by
    """
    if not read().there:
        host.noop("no Grafana is left over")
        return
    yield script(RETIRE, UNIT, CONTAINER, folder, MARK)
