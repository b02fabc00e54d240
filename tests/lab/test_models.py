"""Weights by every way, checked, mended, and collected when nobody uses them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.lab.hub import faulty
from tests.lab.models import models, other_ways, pull
from tests.lab.rack import TestRack
from tests.lab.test_weights import MARKER, PADDING, PADDING_BYTES, SERVES, received

# Where the engine's container has its own mount of the store, this takes nothing from it.
SMALL_DISK = """
mount -t tmpfs -o size=400M,mode=755,uid=firstlight-models,gid=firstlight-models tmpfs /srv/models
"""
# Waits until the download is on its way, then leaves it no room to end.
FILL = """
systemd-run --quiet --collect sh -c '
for i in $(seq 600); do
    [ -s "$(echo /srv/models/.incoming/firstlight--padded@*/padding.bin)" ] && break; sleep 0.1
done
# What comes between the look and the filling makes the filling fail whole: looked again.
for i in $(seq 100); do
    left=$(df --output=avail -B1 /srv/models | tail -n 1)
    fallocate -l $((left - 1000000)) /srv/models/.fill && break
done
'
"""


@pytest.fixture(scope="module")
def store(deployed: TestRack) -> Iterator[TestRack]:
    """The lab; its engine is never restarted, and afterwards it has only what it had before."""
    assert pull([deployed.model()]).code == 0
    models("gc", "--yes")
    before = deployed.sh("lab1", f"ls /srv/models; {SERVES}").out
    yield deployed
    deployed.sh("lab1", "mountpoint -q /srv/models && umount -l /srv/models; true")
    assert pull([deployed.model()]).code == 0
    models("gc", "--yes")
    assert deployed.sh("lab1", f"ls /srv/models; {SERVES}").out == before


def padded(rack: TestRack) -> dict[str, object]:
    """A second model: the tiny one with files that only it has."""
    other = {"name": "second", "port": 8001, "include": ["config.json", PADDING]}
    return rack.model(**other, **rack.repository("padded"))


def test_every_way_leads_to_the_same_bytes_and_what_nobody_uses_goes(store: TestRack) -> None:
    run = pull([store.model(), *other_ways(store)])
    assert run.code == 0, run.text
    shown = models("list").out
    assert shown.count(" complete ") == 4 and "firstlight-engine-tiny.service" in shown
    # The same content stands on the disk once, whatever way it came.
    links = store.sh("lab1", "stat -c %h /srv/models/firstlight--tiny@*/tiny.gguf").out.split()
    assert links == ["5"]
    assert "all weights are right" in models("verify").text
    token = store.sh("lab1", "stat -c '%a %U' /etc/firstlight/secrets/hub-token-bucket").out
    assert token.strip() == "600 root"
    # Their jobs and tokens go when nobody declares them any more, their weights do not.
    assert pull([store.model()]).code == 0
    names = store.sh("lab1", "ls /etc/firstlight/weights /etc/firstlight/secrets").out
    assert "tiny.json" in names and "bucket" not in names
    would = models("gc").out
    assert "that nobody uses" in would and would.count("/srv/models/") == 3
    assert len(store.sh("lab1", "ls /srv/models").out.split()) == 4
    models("gc", "--yes")
    (left,) = store.sh("lab1", "ls /srv/models").out.split()
    assert left.startswith("firstlight--tiny@")
    assert store.client("lab1").answers()
    assert "everything in the store is in use" in models("gc").out


def test_a_file_that_rots_is_found_and_only_it_is_mended(store: TestRack) -> None:
    served = [store.model(), padded(store)]
    assert pull(served).code == 0
    store.sh(
        "lab1",
        "printf '#' | dd of=$(echo /srv/models/firstlight--padded@*/config.json) conv=notrunc",
    )
    run = models("verify", check=False)
    assert run.code != 0
    assert "1 of the files are not what was fetched" in run.text and "config.json" in run.text
    assert "models pull" in run.text
    before = received(store)
    run = pull(served)
    assert run.code == 0, run.text
    assert received(store) - before < PADDING_BYTES / 4
    assert "all weights are right" in models("verify").text


def test_a_disk_that_fills_up_shows_nothing_half_complete(store: TestRack) -> None:
    store.sh("lab1", SMALL_DISK)
    try:
        store.sh("lab1", FILL)
        with faulty(store, slow={PADDING: 12_000_000}):
            run = pull([store.model(), padded(store)])
        assert run.code != 0
        assert f"the disk filled up while {PADDING} came" in run.text
        assert "GB free in /srv/models" in run.text
        assert "padded" not in store.sh("lab1", "ls /srv/models").out
        store.sh("lab1", "rm /srv/models/.fill")
        run = pull([store.model(), padded(store)])
        assert run.code == 0, run.text
        marker = store.sh("lab1", f"cat /srv/models/firstlight--padded@*/{MARKER}").out
        assert json.loads(marker)["files"][PADDING]["size"] == PADDING_BYTES
    finally:
        store.sh("lab1", "umount -l /srv/models")
    assert store.client("lab1").answers()
