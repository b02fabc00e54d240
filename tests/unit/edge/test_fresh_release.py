"""A release is made of what the control machine's files say when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from firstlight import adapter, edge_plan, keys
from firstlight.edge.fresh import FreshRelease
from firstlight.edge.pools import Public
from firstlight.engines.placement import placed
from firstlight.errors import FirstlightError
from firstlight.facts.probe import Probe
from firstlight.phases import PhaseClock
from firstlight.secret import Secret
from roles import ready as role
from tests.unit.edge.conftest import DEBIAN, MakeSite, Site

TINY: dict[str, Any] = {"models": [{}]}
PROBE = Probe(
    os_id="debian", os_version="13", arch="x86_64", uid=0, systemd=257, ipv6=True,
    memory=2**34, free=10**12,
)  # fmt: skip


def served_fresh(site: Site, name: str = "ws") -> tuple[FreshRelease, tuple[Public, ...]]:
    instances = placed(site[name], site, None)
    made, publics = edge_plan.nginx_release(site[name], instances, site, PROBE, DEBIAN)
    assert made is not None
    return made, publics


def planned(site: Site, name: str = "ws") -> FreshRelease:
    return served_fresh(site, name)[0]


def known(made: FreshRelease) -> str:
    """Return the digests and names of the release that was made last."""
    text = made.last.files["keys.map"]
    assert isinstance(text, Secret)
    return text.reveal()


def test_keys_are_those_of_the_moment(site_of: MakeSite, tmp_path: Path) -> None:
    file = tmp_path / ".firstlight/lab/keys/api-keys.toml"
    made = planned(site_of(ws=TINY))
    before = made.last
    assert made.made() == before  # nothing changed: a plan of no change stays one
    keys.issue(file, "carol", rps=7.0)
    keys.revoke(file, "alice")
    assert '"alice"' in known(made) and made.last == before
    after = made.made()
    assert '"alice"' not in known(made) and '"carol"' in known(made)
    assert made.last == after and after.name != before.name
    # What a key may do stands in other files than the keys.
    assert "420" in str(after.files["limits.conf"])
    # The name is that of this content, and in the files too.
    assert f"/{after.name}/" in str(after.files["nginx.conf"])
    assert before.name not in str(after.files["nginx.conf"])


def test_what_the_engines_of_the_run_ask_for_is_that_of_its_plan(
    site_of: MakeSite, tmp_path: Path
) -> None:
    made = planned(site_of(ws=TINY))
    file = tmp_path / ".firstlight/lab/engines/ws.key"
    held = file.read_bytes()
    file.unlink()
    name = made.last.name
    assert made.made().name == name
    assert not file.exists() or file.read_bytes() != held


def test_warnings_are_said_once(site_of: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(adapter, "say", said.append)
    site = site_of(ws=TINY)
    keys.change(site["ws"].edge.api_keys, "alice", lambda key: keys.Key(
        key.name, models=("nosuch",), secrets=key.secrets
    ))  # fmt: skip
    made = planned(site)
    assert len(said) == 1
    made.made()
    assert len(said) == 1


def test_keys_that_cannot_be_read_are_no_release(site_of: MakeSite) -> None:
    site = site_of(ws=TINY)
    made = planned(site)
    before = made.last
    site["ws"].edge.api_keys.write_text("keys = 1\n")
    with pytest.raises(FirstlightError, match="API key file is malformed"):
        made.made()
    assert made.last is before


def test_a_host_without_an_edge_needs_no_keys(site_of: MakeSite) -> None:
    site = site_of(("door",), gpu1=TINY, door={})
    made = planned(site, "gpu1")
    site["door"].edge.api_keys.write_text("keys = 1\n")
    assert made.made() == made.last


def test_the_receipt_names_what_was_switched_to_and_not_what_was_planned(
    site_of: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = site_of(ws=TINY)
    made, publics = served_fresh(site)
    given: dict[str, Any] = {}
    monkeypatch.setattr(role.operations, "first_token", lambda **named: given.update(named))
    role.ready._inner(site["ws"], publics, DEBIAN, made, PhaseClock(0.0))
    planned_as = given["serves"]()["edge"]["release"]
    keys.revoke(site["ws"].edge.api_keys, "alice")
    assert given["serves"]()["edge"]["release"] == planned_as  # it is not switched to yet
    assert made.made().name == given["serves"]()["edge"]["release"] != planned_as
