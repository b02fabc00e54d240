"""Node exporter's command line: what of the host is measured. Valid from version 1.3 on."""

from __future__ import annotations

from firstlight.exporter.spec import METRICS

PACKAGE = "prometheus-node-exporter"
UNIT = "prometheus-node-exporter.service"
ADDRESS, PORT = "127.0.0.1", 9100

# What is here is shown or alerted on, or asked for when a host is in trouble. What is not would
# only cost: of a host with hundreds of CPUs and bridges the defaults make thousands of series.
COLLECTORS = (
    "conntrack", "cpu", "diskstats", "edac", "filefd", "filesystem", "hwmon", "infiniband",
    "loadavg", "mdadm", "meminfo", "netdev", "netstat", "nvme", "os", "pressure", "sockstat",
    "stat", "systemd", "textfile", "time", "timex", "uname", "vmstat",
)  # fmt: skip
UNITS = (
    r"(firstlight-.+|nginx|docker|containerd|nvidia-(persistenced|fabricmanager)|prometheus.*|ssh|sshd)"
    r"\.service|firstlight-.+\.timer"
)
# Debian's own default leaves out /mnt and /media, where people do mount disks for weights.
MOUNTS = r"^/(dev|proc|run|sys|var/lib/(docker|containers)/.+)($|/)"
DEVICES = r"^(lo|docker.*|br-.*|fl-.*|veth.*|virbr.*|vnet.*|tap.*)$"


def words() -> list[str]:
    """Return the command."""
    return [
        f"/usr/bin/{PACKAGE}",
        f"--web.listen-address={ADDRESS}:{PORT}",
        "--web.disable-exporter-metrics",
        "--collector.disable-defaults",
        *(f"--collector.{name}" for name in COLLECTORS),
        "--no-collector.cpu.guest",
        f"--collector.textfile.directory={METRICS}",
        f"--collector.systemd.unit-include={UNITS}",
        f"--collector.filesystem.mount-points-exclude={MOUNTS}",
        f"--collector.netdev.device-exclude={DEVICES}",
    ]
