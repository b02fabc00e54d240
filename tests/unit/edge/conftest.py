"""Sites on the control machine: hosts by name, and what nginx of each would be given."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from firstlight import keys
from firstlight.catalogue import supported_system
from firstlight.edge.pools import Public
from firstlight.edge.release import Release
from firstlight.edge_plan import nginx_release
from firstlight.engines.placement import placed
from firstlight.facts.probe import Probe
from firstlight.secret import Secret
from firstlight.settings import HostSettings, load_site
from tests.site import BASES

Site = dict[str, HostSettings]
MakeSite = Callable[..., Site]
DEBIAN = supported_system("debian", "13")


@pytest.fixture
def site_of(tmp_path: Path) -> MakeSite:
    """Load a site: host → its data, where ``models`` are keys over the engines' base models.

    ``edges`` are the hosts in the group edge; none: the inventory has no such group.
    """
    api_keys = tmp_path / ".firstlight/lab/keys/api-keys.toml"

    def site_of(edges: tuple[str, ...] = (), **hosts: dict[str, Any]) -> Site:
        if not api_keys.exists():
            keys.issue(api_keys, "alice")
        data = {}
        for place, (name, given) in enumerate(hosts.items()):
            models = [
                BASES[each.get("engine", "llamacpp")] | each for each in given.get("models", ())
            ]
            own = {"site": "lab", "domain": f"{name}.example.net", "address": f"10.0.0.{place + 1}"}
            groups = ("edge",) if name in edges else ()
            told = {**own, **given, "models": deepcopy(models)}
            data[name] = ({k: v for k, v in told.items() if v != []}, groups)
        return load_site(data, tmp_path)

    return site_of


def served(
    site: Site, name: str, *, ipv6: bool = True
) -> tuple[Release | None, tuple[Public, ...]]:
    """Return the release of the host ``name`` and the models behind its public door."""
    probe = Probe(
        os_id="debian", os_version="13", arch="x86_64", uid=0, systemd=257, ipv6=ipv6,
        memory=2**34, free=10**12,
    )  # fmt: skip
    made, public = nginx_release(site[name], placed(site[name], site, None), site, probe, DEBIAN)
    return made.last if made else None, public


def texts(release: Release | None) -> dict[str, str]:
    """Return the files of ``release`` that hold no secret."""
    assert release is not None
    return {name: text for name, text in release.files.items() if not isinstance(text, Secret)}
