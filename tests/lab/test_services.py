"""The lab's registry and hub as real programs on a loopback address of their own."""

from __future__ import annotations

import ssl
import stat
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstlight.errors import FirstlightError
from firstlight.lab import services
from firstlight.lab.images import oci, publish
from firstlight.lab.services import model_hub, registry
from firstlight.lab.state import Rack

pytestmark = pytest.mark.skipif(not Path("/usr/bin/skopeo").exists(), reason="no skopeo")


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    """A rack without hosts, whose bridge address is one of the loopback."""
    top = tmp_path_factory.mktemp("a lab")
    (top / "checkout").mkdir()
    made = Rack("services", top / "checkout", "127.83.19.0/24", lib_dir=top / "lib")
    yield made
    services.stop(made)


@pytest.fixture(scope="module")
def started(rack: Rack) -> dict[str, object]:
    return services.start(rack)


def test_what_lab_json_needs(rack: Rack, started: dict[str, dict[str, object]]) -> None:
    assert started["registry"] == {
        "address": "127.83.19.1:5000",
        "ca": ".firstlight/services/services/ca.crt",
    }
    assert started["hub"] == {"url": "http://127.83.19.1:8090"}
    assert started["models"]["tiny"] == {
        "repo": "firstlight/tiny",
        "revision": "663fe96984c413623ec7f648f5de48e071309e70",
        "bytes": 1_716_497,
    }


def test_a_second_start_changes_nothing(rack: Rack, started: dict[str, object]) -> None:
    files = sorted((rack.machine_dir / "services").glob("*.pid.json"))
    before = [path.read_text() for path in files]
    assert len(before) == 2
    assert services.start(rack) == started
    assert [path.read_text() for path in files] == before


def test_the_registry_is_trusted_through_its_ca_only(rack: Rack, started: object) -> None:
    url = f"https://{registry.endpoint(rack)}/v2/"
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(url, timeout=30)
    context = ssl.create_default_context(cafile=str(registry.ca_file(rack)))
    with urllib.request.urlopen(url, timeout=30, context=context) as answer:
        assert answer.status == 200


def test_services_listen_on_the_bridge_address_only(rack: Rack, started: object) -> None:
    said = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    local = {line.split()[3] for line in said.splitlines()}
    for port in (registry.PORT, model_hub.PORT):
        assert f"127.83.19.1:{port}" in local


def test_secrets_are_private(rack: Rack, started: object) -> None:
    secret = [model_hub.token_file(rack), *rack.machine_dir.rglob("*.key")]
    secret += rack.machine_dir.rglob(f"{rack.address}.pem")
    assert len(secret) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    token = model_hub.token_file(rack).read_text().strip()
    for log in rack.machine_dir.rglob("*.log"):
        assert token not in log.read_text()


def test_an_image_is_pushed_once_and_found_by_its_digest(
    rack: Rack, started: object, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "hello").write_text("first light\n")
    layout = tmp_path / "layout"
    config = oci.ImageConfig(("/hello",))
    digest = oci.write(layout, [root], config, "amd64")
    reference = publish.push(layout, "test/hello", digest, rack)
    assert reference == f"127.83.19.1:5000/test/hello@{digest}"
    inspect = ["skopeo", "inspect", "--raw", f"--cert-dir={registry.ca_folder(rack)}"]
    raw = subprocess.run([*inspect, f"docker://{reference}"], capture_output=True, check=True)
    assert raw.stdout == (layout / "blobs/sha256" / digest.removeprefix("sha256:")).read_bytes()
    # The second push needs no layout: it sees that the registry has the digest.
    assert publish.push(tmp_path / "gone", "test/hello", digest, rack) == reference
    with pytest.raises(FirstlightError, match="skopeo failed"):
        publish.push(tmp_path / "gone", "test/other", digest, rack)


def test_a_tag_leads_where_it_is_told_to(rack: Rack, started: object, tmp_path: Path) -> None:
    digests = []
    for number in ("1", "2"):
        root, layout = tmp_path / f"root{number}", tmp_path / f"layout{number}"
        root.mkdir()
        (root / "hello").write_text(number)
        digests.append(oci.write(layout, [root], oci.ImageConfig(("/hello",)), "amd64"))
        publish.push(layout, "test/tags", digests[-1], rack, number)
    inspect = ["skopeo", "inspect", "--format={{.Digest}}", "--no-tags"]
    inspect += [f"--cert-dir={registry.ca_folder(rack)}", "docker://127.83.19.1:5000/test/tags:now"]
    for digest in (*digests, digests[0]):
        publish.retag("test/tags", digest, "now", rack)
        told = subprocess.run(inspect, capture_output=True, text=True, check=True)
        assert told.stdout.strip() == digest
    with pytest.raises(FirstlightError, match="did not take a tag"):
        publish.retag("test/tags", f"sha256:{'0' * 64}", "now", rack)


def test_a_port_that_is_taken_is_named(rack: Rack, started: object, tmp_path: Path) -> None:
    (tmp_path / "checkout").mkdir()
    twin = Rack("twin", tmp_path / "checkout", "127.83.19.0/24", lib_dir=tmp_path / "lib")
    with pytest.raises(FirstlightError, match="the lab's registry did not start") as caught:
        services.start(twin)
    assert "address already in use" in caught.value.why
    assert registry.answers(rack)


def test_a_killed_service_is_started_again(rack: Rack, started: object) -> None:
    services.stop(rack)
    assert not registry.answers(rack)
    assert services.start(rack) == started
    assert registry.answers(rack)
