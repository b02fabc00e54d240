"""What an operator is warned of when nginx's release is put together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstlight import adapter, edge_plan, pki
from tests.unit.edge.conftest import MakeSite, served

TINY = {"models": [{}]}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that are shown."""
    lines: list[str] = []
    monkeypatch.setattr(adapter, "say", lines.append)
    return lines


def test_all_is_well(site_of: MakeSite, said: list[str]) -> None:
    assert served(site_of(ws=TINY), "ws")[0] is not None
    assert said == []


def test_a_model_that_nobody_offers(site_of: MakeSite, said: list[str]) -> None:
    site = site_of(ws={**TINY, "edge": {"enabled": False}})
    assert served(site, "ws") == (None, ())
    assert said == ["ws: WARNING: no edge of the inventory offers tiny"]


def test_a_key_for_a_model_that_nobody_serves(
    site_of: MakeSite, said: list[str], tmp_path: Path
) -> None:
    site = site_of(ws=TINY)
    edge_plan.site.keys.issue(
        tmp_path / ".firstlight/lab/keys/api-keys.toml", "bob", models=("tiny", "nosuch")
    )
    served(site, "ws")
    assert said == ["ws: WARNING: the API key bob may ask for nosuch, which nothing here serves"]


@pytest.mark.parametrize(("days", "warned"), [(20, True), (60, False)])
def test_files_that_end_soon(
    site_of: MakeSite, said: list[str], tmp_path: Path, days: int, warned: bool
) -> None:
    authority = pki.Authority.load_or_create(tmp_path / "another", "another")
    leaf = pki.leaf(authority, tmp_path / "leaf", "ws.example.net", (), days)
    (tmp_path / "chain.pem").write_text(leaf.cert_pem)
    (tmp_path / "leaf.key").write_text(leaf.key.reveal())
    (tmp_path / "leaf.key").chmod(0o600)
    tls = {"mode": "files", "certificate": "chain.pem", "key": "leaf.key", "ca": "another/ca.crt"}
    served(site_of(ws={**TINY, "edge": {"tls": tls}}), "ws")
    end = f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"
    wanted = [f"ws: WARNING: {tmp_path}/chain.pem ends on {end}"]
    assert said == (wanted if warned else [])
