"""A stack as a person reads it: tables that hold at 80 columns, with or without colours."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table

from firstlight.status import text
from firstlight.status.grid import COLOURS, Cell, grid, rows, said
from firstlight.status.stack import Alert, Host, Monitor, Stack

CERTIFICATE_DAYS = 14


def shown(stack: Stack) -> RenderableType:
    """Return everything of a stack, what somebody has to do first."""
    parts: list[RenderableType] = [said(line, "bold") for line in summary(stack)]
    parts += [said(f"! {each}", "yellow") for each in stack.notices]
    parts += [said(f"! {line}", "red") for each in stack.problems for line in str(each).split("\n")]
    parts += [fires(stack), hosts(stack), models(stack), replicas(stack)]
    if stack.gpus:
        parts.append(gpus(stack))
    return Group(*parts)


def summary(stack: Stack) -> Iterator[str]:
    """Yield the lines on top: who was asked, and the sums of the site."""
    yield f"{stack.site}   {text.moment(stack.time, '%Y-%m-%d %H:%M:%S')} UTC"
    for each in stack.monitors:
        yield f"{line(each, stack)}"


def line(monitor: Monitor, stack: Stack) -> str:
    """Return what a monitor says of everything that it watches."""
    sums = [
        f"{text.rate(monitor.tokens_per_second)} tokens/s",
        f"{text.number(monitor.power)} W",
        f"{text.number(monitor.cost_per_hour, 2)} {stack.currency}/h",
        f"{text.number(monitor.cost_per_million, 2)} {stack.currency} per million tokens",
    ]
    known = [each for each in sums if text.NOTHING not in each]
    return f"{monitor.name}: {', '.join(known) or 'no sums yet'}"


def fires(stack: Stack) -> RenderableType:
    """Return the alerts that fire, and the silences in force."""
    if not stack.alerts:
        calm = "no alert fires" if not stack.problems else "no alert fires as far as is known"
        lines: list[RenderableType] = [said(calm, "green" if not stack.problems else "")]
    else:
        table = grid("Alerts", "severity", "alert", "host", ">for", "what")
        lines = [rows(table, (fire(each, stack.time) for each in stack.alerts))]
    for each in stack.silences:
        until = f"until {text.moment(each.until, '%H:%M')} UTC"
        lines.append(said(f"silenced {until} by {each.by}: {each.matchers} ({each.comment})"))
    return Group(*lines)


def fire(each: Alert, now: float) -> list[Cell]:
    """Return the row of an alert."""
    since = text.span(None if each.since is None else max(0.0, now - each.since))
    what = said(each.summary)
    if each.silenced:
        what.append(text.clean(f" (silenced {each.silenced})"), style="dim")
    severity = said(each.severity) if not each.silenced else said(each.severity, "dim")
    return [severity, each.name, each.host, since, what]


def hosts(stack: Stack) -> Table:
    """Return the hosts."""
    table = grid(
        "Hosts", "host", "state", ">age", ">CPU", ">mem", ">disk", ">W", "driver", ">cert", "deploy"
    )
    return rows(table, (host(each, stack.time) for each in stack.hosts))


def host(each: Host, now: float) -> list[Cell]:
    """Return the row of a host."""
    state = said(each.state)
    if each.state == "up" and each.silent:
        state = said(f"up, silent: {', '.join(each.silent)}", "yellow")
    driver = said(each.driver or text.NOTHING)
    if each.driver_mismatch:
        driver.append(" ≠ disk", style=COLOURS["critical"])
    if each.reboot_required:
        driver.append(" reboot", style=COLOURS["warning"])
    expected, usable = each.gpus_expected, each.gpus_usable
    if expected and usable is not None and usable < expected:
        driver.append(f" {usable:.0f}/{expected:.0f} GPUs", style=COLOURS["critical"])
    days = each.certificate_days
    soon = days is not None and days < CERTIFICATE_DAYS
    end = said(text.NOTHING if days is None else f"{days:.0f} d", "bold red" if soon else "")
    last = said(deployed(each, now), COLOURS["failed"] if each.deploy.success is False else "")
    loads = [text.share(value) for value in (each.cpu, each.memory, each.disk)]
    return [
        each.name,
        state,
        text.span(each.age),
        *loads,
        text.number(each.power),
        driver,
        end,
        last,
    ]


def deployed(each: Host, now: float) -> str:
    """Return the last run in few words: its result, how long ago, by which version."""
    run = each.deploy
    if run.time is None and run.success is None and not run.running:
        return text.NOTHING
    result = {True: "ok", False: "failed", None: "unknown"}[run.success]
    if run.running:
        result = "runs now"
    ago = "" if run.time is None else f" {text.span(max(0.0, now - run.time))}"
    return f"{result}{ago}" + (f" {run.version}" if run.version else "")


def models(stack: Stack) -> Table:
    """Return the models, each over all its replicas."""
    many = len(stack.monitors) > 1
    names = ("model", *(("seen by",) if many else ()), "up")
    numbers = (">tok/s", ">run", ">wait", ">KV", ">TTFT p95", ">errors")
    table = grid("Models", *names, *numbers, f">{stack.currency}/1M")
    for each in stack.models:
        up = f"{each.serving}/{each.replicas}" if each.replicas else text.NOTHING
        style = COLOURS["down"] if each.serving < each.replicas or each.public is False else ""
        state = said(up + (" not public" if each.public is False else ""), style)
        cells: list[Cell] = [each.model, *((each.monitor,) if many else ()), state]
        cells += [text.rate(each.tokens_per_second), text.number(each.running)]
        cells += [text.number(each.waiting), text.share(each.kv_cache)]
        cells += [text.seconds(each.ttft_p95), text.share(each.errors, 1)]
        rows(table, [[*cells, text.number(each.cost_per_million, 2)]])
    return table


def replicas(stack: Stack) -> Table:
    """Return the engines."""
    table = grid(
        "Engines",
        "replica",
        "host",
        "engine",
        "state",
        ">tok/s",
        ">run",
        ">wait",
        ">KV",
        ">TTFT p95",
    )
    for each in stack.replicas:
        engine = f"{each.engine} {text.tag(each.image)}" if each.image else each.engine
        cells: list[Cell] = [each.replica, each.host, engine, each.state]
        cells += [text.rate(each.tokens_per_second), text.number(each.running)]
        cells += [text.number(each.waiting), text.share(each.kv_cache)]
        rows(table, [[*cells, text.seconds(each.ttft_p95)]])
    return table


def gpus(stack: Stack) -> Table:
    """Return the GPUs."""
    table = grid("GPUs", "host", ">GPU", "name", ">use", ">memory", ">°C", ">W", "")
    for each in stack.gpus:
        memory = f"{text.size(each.memory_used)} of {text.size(each.memory_total)}"
        hot = "throttled" if each.throttled and each.throttled > 0.01 else ""
        cells: list[Cell] = [each.host, each.gpu, each.name, text.share(each.utilization), memory]
        cells += [text.number(each.temperature), text.number(each.power)]
        rows(table, [[*cells, said(hot, COLOURS["warning"])]])
    return table


def plain(stack: Stack, width: int) -> str:
    """Return it as text without colours, for pipes and tests."""
    console = Console(width=width, no_color=True, force_terminal=False)
    with console.capture() as caught:
        console.print(shown(stack))
    return caught.get()
