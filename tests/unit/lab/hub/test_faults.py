"""Faults of the model hub that tests of downloads switch on."""

from __future__ import annotations

import time

import pytest
from huggingface_hub import errors as hub_errors

from tests.unit.lab.hub.served import Served, sha256


def test_wrong_bytes_under_right_headers(served: Served) -> None:
    served.fault(corrupt=["tiny.gguf"])
    path = served.download("tiny.gguf")
    assert path.stat().st_size == 850_528
    assert served.told_sha256("tiny.gguf") != sha256(path)


def test_connection_cut_but_continued(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    # The client counts what it has by whole chunks, 10 MB each unless told otherwise.
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 50_000)
    served.fault(cut_after={"tiny.gguf": 200_000})
    assert sha256(served.download("tiny.gguf")) == served.told_sha256("tiny.gguf")


def test_connection_cut_for_good(served: Served) -> None:
    served.fault(cut_at={"tiny.gguf": 100_000})
    with pytest.raises(Exception, match=r"peer closed|incomplete"):
        served.download("tiny.gguf")


def test_status(served: Served) -> None:
    served.fault(status={"tiny.gguf": 503})
    with pytest.raises(hub_errors.HfHubHTTPError, match="503"):
        served.download("tiny.gguf")
    served.fault()
    assert served.download("tiny.gguf").is_file()


def test_slow(served: Served) -> None:
    served.fault(slow={"config.json": 2_000})
    begin = time.perf_counter()
    size = served.download("config.json").stat().st_size
    assert time.perf_counter() - begin > 0.8 * size / 2_000


def test_a_control_file_half_written_is_no_fault(served: Served) -> None:
    (served.root / "faults.json").write_text('{"corrupt": ["tiny.g')
    assert sha256(served.download("tiny.gguf")) == served.told_sha256("tiny.gguf")
