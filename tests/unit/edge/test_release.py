"""A release of nginx's configuration: named by its content, no secret where it does not belong."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight import pki
from firstlight import site as control
from firstlight.edge import errors
from firstlight.edge.release import RELEASES, Release
from firstlight.secret import Secret
from roles.edge import drop_in
from tests.unit.edge.conftest import MakeSite, served, texts

PATHS = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"]
Make = Callable[..., Release]


@pytest.fixture
def make(site_of: MakeSite) -> Make:
    """Make the release of a single host, with ``models`` and settings over the smallest."""

    def make(*models: dict[str, Any], ipv6: bool = True, **data: Any) -> Release:
        host = {"domain": "llm.example.net", "models": list(models or ({},)), **data}
        release, _ = served(site_of(gpu1=host), "gpu1", ipv6=ipv6)
        assert release is not None
        return release

    return make


def test_the_same_settings_make_the_same_release(make: Make) -> None:
    one, two = make(), make()
    assert one == two
    assert re.fullmatch(r"[0-9a-f]{16}", one.name)
    assert one.folder == f"{RELEASES}/{one.name}"
    # The release says its own name, so that it can be asked which one runs.
    assert one.name in str(one.files["nginx.conf"])
    assert not [name for name, text in texts(one).items() if "0" * 16 in text]


@pytest.mark.parametrize(
    "data",
    [
        {"domain": "other.example.net"}, {"edge": {"port": 8443}}, {"edge": {"http_port": 8080}},
        {"edge": {"body_limit": "1m"}}, {"edge": {"read_timeout": 60}}, {"ipv6": False},
        {"edge": {"tls": {"profile": "modern"}}}, {"edge": {"strangers": {"burst": 3}}},
    ],
)  # fmt: skip
def test_every_setting_changes_the_name(make: Make, data: dict[str, Any]) -> None:
    assert make(**data).name != make().name


@pytest.mark.parametrize("change", [{"name": "other"}, {"port": 8123}])
def test_every_model_changes_the_name(make: Make, change: dict[str, Any]) -> None:
    assert make(change).name != make().name


def test_no_secret_in_a_text(make: Make, site_of: MakeSite) -> None:
    made, settings = make(), site_of(gpu1={"models": [{}]})["gpu1"]
    plain = "\n".join(texts(made).values())
    secret = control.backend_secret(settings).reveal()
    ring = control.keyring(settings)
    for found in (secret, ring.salt.reveal(), control.probe_key(settings).reveal()):
        assert found not in plain and found not in repr(made)
    assert "PRIVATE KEY" not in plain
    for name in ("keys.map", "salt.js", "backend.conf"):
        assert isinstance(made.files[name], Secret)
    digests = [each.digest for key in ring.keys for each in key.secrets]
    assert all(each in made.files["keys.map"].reveal() for each in digests)  # type: ignore[union-attr]


def test_the_gates_know_only_certificates_for_edges(site_of: MakeSite) -> None:
    site = site_of(("door",), door={}, gpu1={"models": [{}]})
    door, _ = served(site, "door")
    gate, _ = served(site, "gpu1")
    assert door is not None and gate is not None
    for release, name in ((door, "visitor.key"), (gate, "gate.key")):
        assert isinstance(release.files[name], Secret)
    assert "ssl_verify_client on;" in texts(gate)["gates.conf"]
    assert "proxy_ssl_verify on;" in texts(door)["visitor.conf"]
    ca = pki.Authority.load(site["door"].state_dir / "ca").pem
    assert texts(gate)["ca.crt"] == texts(door)["ca.crt"] == ca
    # An engine's host knows no API key, and its gates only the engine's own paths.
    assert "keys.map" not in gate.files and "load_module" not in texts(gate)["nginx.conf"]
    exact = re.findall(r"location = (\S+) \{", texts(gate)["gates.conf"])
    assert [path for path in exact if not path.startswith("/.errors/")] == PATHS


def test_the_public_door_has_these_paths_and_no_other(make: Make) -> None:
    text = texts(make())["public.conf"]
    exact = re.findall(r"location = (\S+) \{", text)
    own = [f"/models/tiny{path}" for path in PATHS]
    lists = ["/v1/models", "/models/tiny/v1/models"]
    inside = ["/.models", "/.errors/unauthorized"]
    assert exact == [*PATHS, *own, *lists, *inside]
    assert re.findall(r"location \^~ (\S+) \{", text) == ["/v1/models/", "/.to/p0/"]
    assert re.findall(r"location (/\S*) \{ return (\d+)", text) == [("/", "301"), ("/", "404")]
    for path in [*PATHS, *own, *lists]:
        body = text.split(f"location = {path} {{", 1)[1]
        assert body.lstrip().startswith('if ($credential = "") { return 401; }')
    for path in inside:
        assert text.split(f"location = {path} {{", 1)[1].lstrip().startswith("internal;")
    assert text.split("location ^~ /.to/p0/ {", 1)[1].lstrip().startswith("internal;")


def test_errors_are_in_openais_shape(make: Make) -> None:
    made = texts(make())
    for answer in errors.ANSWERS:
        location = made["errors.conf"].split(f"location = /.errors/{answer.name} {{", 1)[1]
        assert f"return {answer.status} '{answer.body}';" in location.split("\n}", 1)[0]
        error = json.loads(answer.body)["error"]
        assert set(error) == {"message", "type", "param", "code"} and error["code"] == answer.code
        assert re.search(
            rf"error_page [^;]*\b{answer.status}\b[^;]* /.errors/{answer.name};",
            made["public.conf"],
        )
    assert "Retry-After" in errors.TOO_MANY.headers[0]


@pytest.mark.parametrize(
    ("domain", "port", "target"),
    [
        ("llm.example.net", 443, "https://llm.example.net$request_uri"),
        ("llm.example.net", 8443, "https://llm.example.net:8443$request_uri"),
        ("2001:db8::1", 8443, "https://[2001:db8::1]:8443$request_uri"),
    ],
)
def test_the_redirect(make: Make, domain: str, port: int, target: str) -> None:
    text = texts(make(domain=domain, edge={"port": port}))["public.conf"]
    assert f"return 301 {target};" in text


def test_ipv6_only_where_the_host_has_it(make: Make) -> None:
    assert "listen [::]:443 ssl" in texts(make())["public.conf"]
    assert "[::]" not in texts(make(ipv6=False))["public.conf"]


def test_a_stream_passes_unbuffered_and_may_be_silent(make: Make) -> None:
    text = texts(make())["proxy.conf"]
    assert "proxy_buffering off;" in text
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", text)
    assert int(seconds) >= 600  # a prefill of ten minutes
    assert "proxy_read_timeout 777s;" in texts(make(edge={"read_timeout": 777}))["proxy.conf"]


def test_silence_is_borne_on_every_way_to_an_engine(site_of: MakeSite) -> None:
    """Also where two edges stand one behind the other, and while one of them is reloaded."""
    site = site_of(("door",), door={}, gpu1={"models": [{"replicas": 2}]})
    for name in ("door", "gpu1"):
        found = texts(served(site, name)[0])
        assert re.findall(r"worker_shutdown_timeout (\d+)s;", found["nginx.conf"]) == ["3600"]
        texts_of = [found.get(file, "") for file in ("public.conf", "pools.conf", "gates.conf")]
        ways = [
            block
            for text in texts_of
            for block in text.split("  location ")
            if "proxy_pass " in block
        ]
        assert ways
        for block in ways:
            assert re.search(r"/(proxy|to-\w+)\.conf;", block), block
            assert "_timeout" not in block
        for file, text in found.items():
            assert "/proxy.conf;" in text or not file.startswith("to-"), file


def test_only_copies_that_were_silent_are_counted(make: Make) -> None:
    made, alone = texts(make({"replicas": 2})), texts(make())
    way = made["to-p0.conf"]
    assert "proxy_next_upstream error http_502 http_403 non_idempotent;" in way
    assert "proxy_next_upstream_t" not in way  # neither by tries nor by time
    # At both places where a gate says 403.
    assert made["pools.conf"].count("js_header_filter silent.counted;") == 2 * 2
    assert 'proxy_set_header Authorization "";' in way
    assert "proxy_next_upstream off;" in alone["to-p0.conf"] and "silent.js" not in alone


def test_sockets_of_a_killed_nginx_do_not_stand_in_the_way(tmp_path: Path) -> None:
    (line,) = re.findall(r"ExecStartPre=(/bin/sh .*rm -f.*)", drop_in())
    (tmp_path / "firstlight-gates").mkdir()
    gates = ["qwen3-8b", "qwen3-8b.2", "tiny@gpu1", ".door", ".acme"]
    for name in (
        "firstlight-edge",
        "firstlight-engines",
        *(f"firstlight-gates/{g}" for g in gates),
    ):
        (tmp_path / f"{name}.sock").touch()
    subprocess.run(shlex.split(line.replace("/run/", f"{tmp_path}/")), check=True, timeout=10)
    assert [path.name for path in tmp_path.rglob("*.sock")] == ["firstlight-engines.sock"]
