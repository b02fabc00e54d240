"""Host: processor, memory, disks, network, units, driver, certificates, backup."""

from __future__ import annotations

from firstlight.monitor.dashboards.panel import (
    BUSY,
    BYTES,
    BYTES_PER_SECOND,
    COUNT,
    DAYS_LEFT,
    RATIO,
    SECONDS,
    WATTS,
    WORDS,
    YES,
    Dashboard,
    Panel,
    Query,
    Row,
    Variable,
)
from firstlight.monitor.dashboards.scope import BACKUP, EDGE, GPU

WHERE = 'instance=~"$instance"'
DEVICES = 'device!~"lo|veth.*|br-.*|docker.*|ve-.*|vb-.*"'
HERE = {0: ("absent", "red"), 1: ("there", "green")}
RUNS = {0: ("stopped", "red"), 1: ("runs", "green")}
SURE = {0: ("no", "red"), 1: ("yes", "green")}

STATE = Row(
    "State",
    (
        Panel(
            "Hosts",
            "What has to be as it is: firewall, clock, driver, reboot.",
            WORDS,
            (
                Query(f"max by (instance) (firstlight_firewall_present{{{WHERE}}})", "firewall", words=HERE),
                Query(f"max by (instance) (firstlight_clock_synchronized{{{WHERE}}})", "clock in step", words=SURE),
                Query(f"max by (instance) (firstlight_reboot_required{{{WHERE}}})", "reboot needed", words=YES),
                Query(f"max by (instance) (firstlight_driver_mismatch{{{WHERE}}})", "driver mismatch", words=YES, needs=(GPU,)),
                Query(f"time() - max by (instance) (node_boot_time_seconds{{{WHERE}}})", "up for", SECONDS),
                Query(f"time() - max by (instance) (firstlight_facts_time_seconds{{{WHERE}}})", "facts are", SECONDS, ((120, "yellow"), (600, "red"))),
            ),
            "table", 12, 7, by=("instance",),
        ),
        Panel(
            "Units",
            "Services of the stack: the ones that failed come first.",
            WORDS,
            (
                Query(f"max by (instance, unit) (firstlight_unit_failed{{{WHERE}}})", "failed", words=YES),
                Query(f"max by (instance, unit) (firstlight_unit_active{{{WHERE}}})", "state", words=RUNS),
            ),
            "table", 12, 7, by=("instance", "unit"),
        ),
        Panel(
            "Certificates end in",
            "Of the edge, of gates and of the site's own authority.",
            SECONDS,
            (Query(f'firstlight_certificate_not_after_seconds{{job="node", {WHERE}}} - time()', "{{instance}} {{name}}"),),
            "bargauge", 12, 6, needs=(EDGE,), steps=DAYS_LEFT,
        ),
        Panel(
            "Last backup",
            "Age of the last backup that succeeded.",
            SECONDS,
            (Query(f"time() - firstlight_backup_success_time_seconds{{{WHERE}}}", "{{instance}}"),),
            "stat", 12, 6, needs=(BACKUP,), steps=((26 * 3600, "yellow"), (50 * 3600, "red")),
        ),
    ),
)  # fmt: skip

LOAD = Row(
    "Load",
    (
        Panel(
            "Processor",
            "Share of all cores that is busy.",
            RATIO,
            (Query(f"instance:cpu:ratio{{{WHERE}}}", "{{instance}}"),),
            steps=BUSY, least=0, most=1,
        ),
        Panel(
            "Memory",
            "Share of the host's memory that cannot be had any more.",
            RATIO,
            (Query(f"instance:memory:ratio{{{WHERE}}}", "{{instance}}"),),
            steps=BUSY, least=0, most=1,
        ),
        Panel(
            "Available memory",
            "What programs can still get.",
            BYTES,
            (Query(f"node_memory_MemAvailable_bytes{{{WHERE}}}", "{{instance}}"),),
            least=0,
        ),
        Panel(
            "Processes that want to run",
            "Load over 1 minute. Above the number of cores something waits.",
            COUNT,
            (Query(f"node_load1{{{WHERE}}}", "{{instance}}"),),
            least=0,
        ),
        Panel(
            "Disks",
            "Used share of each file system. Weights and images fill it.",
            RATIO,
            (Query(f"instance:disk:ratio{{{WHERE}}}", "{{instance}} {{mountpoint}}"),),
            steps=((0.85, "yellow"), (0.95, "red")), least=0, most=1,
        ),
        Panel(
            "Network",
            "Bytes per second of the host's own devices.",
            BYTES_PER_SECOND,
            (
                Query(f"sum by (instance) (rate(node_network_receive_bytes_total{{{WHERE}, {DEVICES}}}[5m]))", "{{instance}} in"),
                Query(f"sum by (instance) (rate(node_network_transmit_bytes_total{{{WHERE}, {DEVICES}}}[5m]))", "{{instance}} out"),
            ),
            least=0,
        ),
        Panel(
            "Power",
            "What the host's own meter says, else the sum of its GPUs.",
            WATTS,
            (Query(f"instance:power:watts{{{WHERE}}}", "{{instance}}"),),
            needs=(GPU,), least=0,
        ),
    ),
)  # fmt: skip

HOST = Dashboard(
    "firstlight-host",
    "Host",
    "What a host does, and whether it is as it shall be.",
    (STATE, LOAD),
    (Variable("instance", "Host", 'up{job="node"}', "instance"),),
)
