"""Every kind of source: whole and checked, or not at all; continued where it was cut off."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from firstlight.lab.services import repository, shelf, shelf_request
from firstlight.weights import web
from firstlight.weights.fetch import fetch
from firstlight.weights.wanted import FetchError
from tests.unit.weights.conftest import CONTENT, TOKEN, SmallHub

BIG, SMALL = "model.safetensors", "config.json"
Job = dict[str, Any]
KEYS = f"{shelf_request.ACCESS_KEY}:{TOKEN}"
SCHEMES = ["http", "s3", "closed", "file"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between tries the program waits; tests do not."""
    monkeypatch.setattr(web.time, "sleep", lambda _: None)


def source_of(scheme: str, hub: SmallHub, name: str = "") -> str:
    """The URI of org/open by another way: the folder, or one file of it."""
    snapshot = repository.load(hub.root)["org/open"].branches["main"]
    content = CONTENT[name] if name else shelf.sums(snapshot)
    where = {
        "http": f"{hub.url}/files/org/open/",
        "s3": "s3://open/org/open/",
        "closed": "s3://closed/org/open/?region=eu-x-1" if not name else "s3://closed/org/open/",
        "file": f"file://{hub.root}/repos/org/open/main/",
    }[scheme]
    if scheme == "file":
        Path(hub.root, "repos/org/open/main/SHA256SUMS").write_bytes(shelf.sums(snapshot))
    return f"{where}{name}@sha256:{hashlib.sha256(content).hexdigest()}"


def job_of(job: Job, scheme: str, hub: SmallHub, name: str = "") -> tuple[Job, str | None]:
    changed = {**job, "source": source_of(scheme, hub, name)}
    changed["hub"] = f"{hub.url}/s3" if "s3" in changed["source"] else None
    return changed, KEYS if scheme == "closed" else None


def stored(job: Job) -> dict[str, bytes]:
    folder = Path(job["folder"])
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files if p.name != job["marker"]}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_folder_with_its_sums(job: Job, hub: SmallHub, scheme: str) -> None:
    fetch(*job_of(job, scheme, hub))
    assert stored(job) == {name: text for name, text in CONTENT.items() if name != "README.md"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_file(job: Job, hub: SmallHub, scheme: str) -> None:
    changed, token = job_of(job, scheme, hub, BIG)
    fetch(changed, token)
    assert stored(job) == {BIG: CONTENT[BIG]}


def test_one_file_under_the_name_that_the_engine_reads(job: Job, hub: SmallHub) -> None:
    changed, _ = job_of(job, "http", hub, BIG)
    fetch({**changed, "file": "m.gguf"}, None)
    assert stored(job) == {"m.gguf": CONTENT[BIG]}


@pytest.mark.parametrize("scheme", ["http", "s3", "closed"])
def test_cut_off_and_continued(job: Job, hub: SmallHub, scheme: str) -> None:
    changed, token = job_of(job, scheme, hub)
    hub.fault(cut_at={BIG: 100_000})
    with pytest.raises(FetchError, match=f"{BIG} was cut off"):
        fetch(changed, token)
    assert stored(job) == {}
    hub.fault()
    hub.asked.clear()
    fetch(changed, token)
    asked = {path.rsplit("/", 1)[-1]: span for path, span in hub.asked}
    assert asked[BIG] == "bytes=100000-"
    assert stored(job)[BIG] == CONTENT[BIG]


def test_an_unsteady_line_is_gone_on_with(job: Job, hub: SmallHub) -> None:
    hub.fault(cut_after={BIG: 20_000})
    fetch(*job_of(job, "http", hub))
    assert stored(job)[BIG] == CONTENT[BIG]


@pytest.mark.parametrize("scheme", ["http", "s3"])
@pytest.mark.parametrize(
    "switch", [{"corrupt": [BIG]}, {"status": {BIG: 404}}, {"status": {BIG: 503}}]
)
def test_what_comes_wrong_is_never_visible(
    job: Job, hub: SmallHub, scheme: str, switch: Any
) -> None:
    hub.fault(**switch)
    with pytest.raises(FetchError, match=BIG) as refusal:
        fetch(*job_of(job, scheme, hub))
    assert "why:" in str(refusal.value) and "fix:" in str(refusal.value)
    assert stored(job) == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_sums_that_are_not_the_pinned_ones(job: Job, hub: SmallHub, scheme: str) -> None:
    changed, token = job_of(job, scheme, hub)
    changed["source"] = changed["source"].partition("@")[0] + "@sha256:" + "0" * 64
    with pytest.raises(FetchError, match="SHA256SUMS of"):
        fetch(changed, token)


@pytest.mark.parametrize(
    "line",
    ["0" * 64 + "  ../x", "0" * 64 + "  /etc/x", "0" * 64 + "  a\\b", "no sums", "0" * 63 + "  a"],
)
def test_sums_that_lead_elsewhere(job: Job, tmp_path: Path, line: str) -> None:
    (tmp_path / "SHA256SUMS").write_text(f"{line}\n")
    digest = hashlib.sha256(f"{line}\n".encode()).hexdigest()
    with pytest.raises(FetchError, match="not understood"):
        fetch({**job, "source": f"file://{tmp_path}/@sha256:{digest}"}, None)


@pytest.mark.parametrize(
    "token", [None, "no-colon", "other:keys", f"{shelf_request.ACCESS_KEY}:bad"]
)
def test_a_closed_bucket_wants_the_right_keys(job: Job, hub: SmallHub, token: str | None) -> None:
    changed, _ = job_of(job, "closed", hub)
    with pytest.raises(FetchError, match="hub_token") as refusal:
        fetch(changed, token)
    assert ":bad" not in str(refusal.value)
    assert stored(job) == {}


def test_no_token_goes_over_plain_http(job: Job, hub: SmallHub) -> None:
    changed, _ = job_of(job, "http", hub)
    with pytest.raises(FetchError, match="plain HTTP"):
        fetch(changed, "secret")
    assert hub.asked == []


def test_a_path_that_is_not_there(job: Job, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="firstlight-models"):
        fetch({**job, "source": f"file://{tmp_path}/none@sha256:{'0' * 64}"}, None)


def test_a_path_is_linked_where_it_can_be(
    job: Job, hub: SmallHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed, _ = job_of(job, "file", hub)
    fetch(changed, None)
    source = hub.root / "repos/org/open/main" / BIG
    assert (Path(job["folder"]) / BIG).samefile(source)

    def refused(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)
    other = {**changed, "folder": job["folder"] + "2"}
    fetch(other, None)
    assert stored(other) == stored(changed)
    assert not (Path(other["folder"]) / BIG).samefile(source)
