"""What a site says of itself as recorded constants: promises, prices, limits.

Rules then are the same everywhere, dashboards draw promises as lines, and a changed price does not
change the past.
"""

from __future__ import annotations

from collections.abc import Iterable

from firstlight.engines.placement import placed
from firstlight.monitor.rule import Group, Record
from firstlight.settings.cost import Cost
from firstlight.settings.fronts import Site
from firstlight.settings.host import HostSettings
from firstlight.settings.watched import watches
from firstlight.sizing.check import cache_bytes

HOURS_OF_A_YEAR = 365.25 * 24
DAY = 86400


def constants(monitor: HostSettings, site: Site) -> Group:
    """The constants of ``monitor`` and of the hosts that it watches."""
    slo, cost = monitor.monitor.alerts.slo, monitor.monitor.cost
    found = [
        _constant("site:slo_ttft_seconds:p95", slo.ttft_p95),
        _constant("site:slo_inter_token_seconds:p95", slo.itl_p95),
        _constant("site:slo_errors:ratio", slo.errors),
        _constant("site:energy_price:per_kwh", cost.energy_per_kwh),
        _constant("site:currency:info", 1, currency=cost.currency),
    ]
    for host in watches(monitor, site):
        found += _of(host)
        found += _caches(host, site)
    return Group("firstlight-constants", tuple(found))


def _of(host: HostSettings) -> Iterable[Record]:
    cost, hours = host.monitor.cost, host.monitor.alerts.backup_hours
    yield _constant("instance:hardware_cost:per_hour", hourly(cost), instance=host.name)
    yield _constant("instance:energy_overhead:ratio", cost.overhead, instance=host.name)
    tls = host.edge.tls
    if host.edge.enabled and tls.mode in ("internal-ca", "self-signed"):
        # Made anew with a third of its life left: a quarter is late, however short its life is.
        limit = tls.leaf_days * DAY / 4
        yield _constant("instance:certificate_limit:seconds", limit, instance=host.name)
    if hours:
        yield _constant("instance:backup_age_limit:seconds", hours * 3600, instance=host.name)


def _caches(host: HostSettings, site: Site) -> Iterable[Record]:
    """No engine tells the bytes of its KV cache: they are what firstlight sized it for."""
    sizes = cache_bytes(host)
    for instance in placed(host, site, None):
        if size := sizes.get(instance.model.name):
            labels = {"model": instance.model.public, "replica": instance.name}
            yield _constant("replica:vram_kv:bytes", size, instance=host.name, **labels)


def hourly(cost: Cost) -> float:
    """The price of a host for one hour of its life."""
    return cost.hardware / (cost.years * HOURS_OF_A_YEAR)


def _constant(name: str, value: float, **labels: str) -> Record:
    # repr keeps every digit; PromQL reads its exponents, too.
    return Record(name, f"vector({value!r})", labels)
