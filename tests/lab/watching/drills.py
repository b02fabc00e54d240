"""What goes wrong on purpose, which alert says so, and how it is mended again."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.let_in import UNKEPT

UNIT = "firstlight-engine-tiny.service"
FACTS = "systemctl start firstlight-facts.service"
PROGRAM = "/usr/lib/firstlight-lab/silicon.sh"
SECOND = 'model="second"'
# A certificate of five days stands where the edge's own is, and its facts are told at once.
AGED = f"""
found=$(sed -n 's/^ *ssl_certificate \\(.*\\);/\\1/p' /etc/nginx/firstlight/current/tls.conf)
cp -a "$found" /run/kept.crt
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 5 -subj /CN=aged \\
  -keyout /dev/null -out /run/aged.crt 2>/dev/null
cat /run/aged.crt >"$found"; {FACTS}
"""
RENEWED = f"""
found=$(sed -n 's/^ *ssl_certificate \\(.*\\);/\\1/p' /etc/nginx/firstlight/current/tls.conf)
[ -e /run/kept.crt ] && cat /run/kept.crt >"$found"; rm -f /run/kept.crt /run/aged.crt; {FACTS}
"""
# Another library beside the driver that runs: what an upgrade without a reboot leaves.
MIXED = f"""
cd /usr/lib/x86_64-linux-gnu 2>/dev/null || cd /usr/lib/aarch64-linux-gnu
cp -P libnvidia-ml.so.1 /run/kept-link; touch libnvidia-ml.so.999.99.99
ln -sfn libnvidia-ml.so.999.99.99 libnvidia-ml.so.1; {FACTS}
"""
MATCHED = f"""
cd /usr/lib/x86_64-linux-gnu 2>/dev/null || cd /usr/lib/aarch64-linux-gnu
[ -L /run/kept-link ] && cp -Pf --remove-destination /run/kept-link libnvidia-ml.so.1
rm -f /run/kept-link libnvidia-ml.so.999.99.99; {FACTS}
"""
# What is looked at over five minutes is looked at over one: a test has no time for its end.
FASTER = r"""
cd /etc/prometheus/firstlight/current/rules
sed -i -E 's/\[5m\]/[45s]/g' *.yml && systemctl reload prometheus
"""
BACKUP = "/var/lib/firstlight/backup/last"


@dataclass(frozen=True)
class Drill:
    """One fault. ``alert`` are labels of the alert that has to come; ``cause`` and ``cure`` are
    scripts of root on ``host``."""

    host: str
    alert: dict[str, str]
    cause: str
    cure: str


def alert(alertname: str, /, **labels: str) -> dict[str, str]:
    return {"alertname": alertname, **labels}


DRILLS = {
    "engine killed": Drill(
        "lab1",
        alert("ModelDown", model="tiny", severity="critical"),
        f"systemctl stop --no-block {UNIT}; systemctl kill -s KILL {UNIT}",
        f"systemctl reset-failed {UNIT}; systemctl start {UNIT}",
    ),
    "a GPU that is gone": Drill(
        "lab2",
        alert("GpuMissing", instance="lab2", severity="critical"),
        f"{PROGRAM} pull 3; {FACTS}",
        f"{PROGRAM} calm; {FACTS}",
    ),
    "driver mismatch": Drill(
        "lab1", alert("DriverMismatch", instance="lab1", severity="critical"), MIXED, MATCHED
    ),
    "certificate at five days": Drill(
        "lab3", alert("CertificateExpiring", instance="lab3", name="edge"), AGED, RENEWED
    ),
    "exporter down": Drill(
        "lab2",
        alert("ExporterDown", instance="lab2", job="gpu"),
        "systemctl stop firstlight-gpu-exporter.service",
        "systemctl start firstlight-gpu-exporter.service",
    ),
    "backup too old": Drill(
        "lab3",
        alert("BackupOld", instance="lab3"),
        f"echo $(($(date +%s) - 200000)) >{BACKUP}; {FACTS}",
        f"date +%s >{BACKUP}; {FACTS}",
    ),
    "a hot GPU": Drill(
        "lab1",
        alert("GpuHot", instance="lab1"),
        f"{PROGRAM} live 0 temperature=93",
        f"{PROGRAM} live 0 temperature=50",
    ),
    "the firewall is gone": Drill(
        "lab1",
        alert("FirewallMissing", instance="lab1", severity="critical"),
        f"{UNKEPT}\nnft delete table inet firstlight; {FACTS}",
        f"systemctl start firstlight-firewall-keep.timer firstlight-firewall-keep.service; {FACTS}",
    ),
}
