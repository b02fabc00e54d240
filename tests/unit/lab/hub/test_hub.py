"""The model hub, asked by the real client library."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub import errors as hub_errors
from huggingface_hub.file_download import http_get

from firstlight.lab import model
from firstlight.lab.services import models
from tests.unit.lab.hub.served import REVISION, TINY, TOKEN, Served, sha256


def test_a_whole_snapshot(served: Served) -> None:
    local = Path(snapshot_download(TINY, endpoint=served.url, cache_dir=served.local, token=False))
    assert model.checksums(local) == model.PINNED
    assert local.name == REVISION


def test_the_revision_is_that_of_the_content(served: Served) -> None:
    api = served.api
    assert api.model_info(TINY).sha == REVISION
    assert api.model_info(TINY, revision=REVISION).sha == REVISION
    assert api.model_info(TINY, revision=REVISION[:7]).sha == REVISION
    path = served.download("tiny.gguf", revision=REVISION)
    assert path.parent.name == REVISION


def test_sizes_and_checksums_are_told(served: Served) -> None:
    api = served.api
    info = api.model_info(TINY, files_metadata=True)
    by_name = {each.rfilename: each for each in info.siblings or ()}
    large, small = by_name["tiny.gguf"], by_name["config.json"]
    gguf = served.download("tiny.gguf")
    assert large.lfs is not None and large.lfs.sha256 == sha256(gguf)
    assert large.size == gguf.stat().st_size
    config = served.download("config.json").read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(config) + config).hexdigest()
    assert small.lfs is None and small.blob_id == blob
    (one,) = api.get_paths_info(TINY, ["tiny.gguf", "missing"])
    assert one.lfs is not None and one.lfs.sha256 == sha256(gguf)
    listed = {each.path for each in api.list_repo_tree(TINY, recursive=True)}
    assert listed == set(by_name)


def test_what_is_not_there(served: Served) -> None:
    api = served.api
    with pytest.raises(hub_errors.RevisionNotFoundError):
        api.model_info(TINY, revision="0" * 40)
    with pytest.raises(hub_errors.RemoteEntryNotFoundError):
        served.download("no-such-file")
    for token, status in ((False, 401), (TOKEN, 404)):
        with pytest.raises(hub_errors.RepositoryNotFoundError) as caught:
            HfApi(endpoint=served.url, token=token).model_info("firstlight/nothing")
        assert caught.value.response.status_code == status


def test_nothing_else_of_the_machine_is_served(served: Served) -> None:
    for path in ("../../../../hub.json", "..%2f..%2f..%2fhub.json", "%2fetc%2fpasswd"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(served.url_of(path), timeout=5)
        assert caught.value.code == 404
        caught.value.close()


def test_a_gated_repository_wants_its_token(served: Served) -> None:
    with pytest.raises(hub_errors.GatedRepoError):
        served.download("tiny.gguf", models_repo("gated"))
    with pytest.raises(hub_errors.HfHubHTTPError, match="Invalid credentials"):
        served.download("tiny.gguf", models_repo("gated"), token="hf_wrong")
    path = served.download("tiny.gguf", models_repo("gated"), token=TOKEN)
    assert path.stat().st_size > 800_000


def models_repo(name: str) -> str:
    return f"{models.OWNER}/{name}"


def test_a_download_is_continued_where_it_was_cut(served: Served) -> None:
    whole = served.download("tiny.gguf").read_bytes()
    part = served.local / "part"
    part.write_bytes(whole[:300_000])
    with part.open("ab") as stream:
        http_get(served.url_of("tiny.gguf"), stream, resume_size=300_000)
    assert part.read_bytes() == whole


@pytest.mark.parametrize(
    ("wanted", "status", "told", "length"),
    [
        ("bytes=0-9", 206, "bytes 0-9/850528", 10),
        ("bytes=850000-", 206, "bytes 850000-850527/850528", 528),
        ("bytes=-28", 206, "bytes 850500-850527/850528", 28),
        ("bytes=5-999999999", 206, "bytes 5-850527/850528", 850523),
        ("bytes=0-1,5-6", 200, None, 850528),
    ],
)
def test_ranges(served: Served, wanted: str, status: int, told: str | None, length: int) -> None:
    request = urllib.request.Request(served.url_of("tiny.gguf"), headers={"Range": wanted})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert (answer.status, answer.headers["Content-Range"]) == (status, told)
        assert len(answer.read()) == length
        assert "Xet" not in str(answer.headers)


def test_a_range_behind_the_end(served: Served) -> None:
    request = urllib.request.Request(served.url_of("tiny.gguf"), headers={"Range": "bytes=850528-"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    assert caught.value.code == 416
    assert caught.value.headers["Content-Range"] == "bytes */850528"
    caught.value.close()
