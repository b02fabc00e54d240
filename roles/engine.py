"""Engine: one systemd unit per served model, each a container in the foreground.

Owns firstlight-engine-*.service, their configuration files, and the containers named
firstlight-*. An engine listens on loopback only; the edge is the way in.
"""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from firstlight.adapter import in_order
from firstlight.engines.quoting import exec_line
from firstlight.engines.unit import EngineUnit
from firstlight.operations import engines
from firstlight.operations.files import File, files
from firstlight.rendering import render, verbatim
from firstlight.settings import HostSettings
from roles.owned import Owned

AWAIT = "usr/local/lib/firstlight/await-engine"
# systemd knows RestartSteps= since this version; before it the delay stays the same.
GROWING_DELAY_SINCE = 254

OWNS = Owned(
    files=(
        f"/{AWAIT}",
        "/etc/systemd/system/firstlight-engine-{model}.service",
        "/etc/firstlight/engines/{model}.yaml",
    ),
    units=("firstlight-engine-{model}.service",),
    ports=("127.0.0.1:{model.port}",),
)


def unit_text(unit: EngineUnit, systemd: int) -> str:
    """Return the text of the unit for a host with this version of ``systemd``."""
    start_seconds = unit.model.start_timeout
    return render(
        "etc/systemd/system/firstlight-engine.service",
        model=unit.model.name,
        engine=unit.model.engine,
        container=unit.container,
        done_marker=unit.done_marker,
        run=exec_line(unit.run()),
        health_url=unit.health_url,
        stop_seconds=unit.stop_seconds,
        start_seconds=start_seconds,
        # Long enough to hold five starts that each take their whole time.
        start_limit_seconds=5 * (start_seconds + 120),
        growing_delay=systemd >= GROWING_DELAY_SINCE,
    )


@deploy("Engine")
def engine(settings: HostSettings, systemd: int) -> None:
    """Write the units, retire those of models gone, and have every engine answering."""
    units = [EngineUnit(model) for model in settings.models]

    # configure
    written = [File(f"/{AWAIT}", verbatim(AWAIT), "755")]
    for unit in units:
        written.append(File(f"/etc/systemd/system/{unit.name}", unit_text(unit, systemd)))
        if unit.config is not None:
            written.append(File(unit.config_file, unit.config))
    files(
        name="Write engine units",
        items=tuple(written),
        absent=tuple(unit.config_file for unit in units if unit.config is None),
    )

    # activate
    engines.retired(
        name="Retire engines of models no longer served",
        keep=tuple(unit.model.name for unit in units),
    )
    for unit in in_order(units):
        engines.answering(name=f"Have {unit.model.name} answer", unit=unit)
