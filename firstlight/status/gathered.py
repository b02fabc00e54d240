"""From a monitor's answers to itself, its hosts and their GPUs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from firstlight.monitor.query import Answers
from firstlight.monitor.seen_site import SeenHost
from firstlight.status.questions import GPU, HOST, SITE
from firstlight.status.rows import Table, labelled
from firstlight.status.stack import Deploy, Gpu, Host, Monitor, Number

DAY = 86400
STALE_INTERVALS = 2
# A look falls anywhere between two measurements, and a slow exporter answers late.
SLACK_SECONDS = 5


def monitor(answers: Answers, host: SeenHost) -> Monitor:
    """Return the monitor itself, and the sums of all that it watches."""
    said: Any = answers.said("version")
    data = said.get("data", {}) if isinstance(said, dict) else {}
    sums = {name: answers.number(f"site.{name}") for name in SITE}
    version = str(data.get("version", ""))
    return Monitor(host.name, version, answers.clock, host.interval, **sums)


def hosts(answers: Answers, asked: Iterable[SeenHost]) -> tuple[Host, ...]:
    """Return what is known of the hosts that were asked for, in the inventory's order."""
    table = Table(answers, "host", HOST, ("instance",))
    return tuple(host(answers, each, table.of(each.name)) for each in asked)


def host(answers: Answers, seen: SeenHost, values: Mapping[str, Number]) -> Host:
    """Return one host."""
    up = [each for each in answers.series("whole.up") if each.labels.get("instance") == seen.name]
    when = labelled_value(answers, "asked", seen.name)
    age = None if when is None else max(0.0, answers.clock - when)
    alive = any(each.value == 1 for each in up)
    late = age is not None and age > STALE_INTERVALS * seen.interval + SLACK_SECONDS
    state: Any = "no data" if not up else "stale" if late else "up" if alive else "down"
    driver = labelled(answers, "driver_info", "instance").get((seen.name,), {})
    end, told = values["certificate"], values["facts_time"]
    return Host(
        name=seen.name,
        state=state,
        age=age,
        silent=tuple(sorted({each.labels.get("job", "") for each in up if each.value != 1})),
        cpu=values["cpu"],
        memory=values["memory"],
        disk=values["disk"],
        power=values["power"],
        driver=driver.get("loaded", ""),
        driver_mismatch=values["driver_mismatch"] == 1,
        reboot_required=values["reboot_required"] == 1,
        gpus_expected=values["gpus_expected"],
        gpus_usable=values["gpus_usable"],
        certificate_days=None if end is None else (end - answers.clock) / DAY,
        facts_age=None if told is None else max(0.0, answers.clock - told),
        deploy=deploy(answers, seen.name, values),
    )


def labelled_value(answers: Answers, name: str, instance: str) -> Number:
    """Return the value that a host has in a query."""
    for each in answers.series(f"whole.{name}"):
        if each.labels.get("instance") == instance:
            return each.value
    return None


def deploy(answers: Answers, name: str, values: Mapping[str, Number]) -> Deploy:
    """Return the last run of firstlight on a host."""
    info = labelled(answers, "deploy_info", "instance").get((name,), {})
    success = values["deploy_success"]
    return Deploy(
        time=values["deploy_time"],
        success=None if success is None else success == 1,
        running=values["deploy_running"] == 1,
        version=info.get("version", ""),
        lock=info.get("lock", ""),
        operation=info.get("operation", ""),
    )


def gpus(answers: Answers, names: Collection[str]) -> tuple[Gpu, ...]:
    """Return the GPUs of the hosts with these names."""
    table = Table(answers, "gpu", GPU, ("instance", "gpu", "modelName", "UUID"))
    return tuple(
        Gpu(host=key[0], gpu=key[1], name=key[2], uuid=key[3], **table.of(*key))
        for key in table.rows()
        if key[0] in names
    )
