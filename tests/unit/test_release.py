"""The edge's release: named by its content, without a secret where it does not belong."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firstlight import pki, site
from firstlight.edge.release import ERRORS, RELEASES, Release, error_body, release
from firstlight.edge.routes import locations, served
from firstlight.keys import digest
from firstlight.secret import Secret
from roles.edge import drop_in
from tests.site import Load
from tests.units import instances_of

PATHS = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings"]
Make = Callable[..., Release]


@pytest.fixture
def make(load: Load) -> Make:
    """Make the release of gpu1, with ``models`` and settings over the smallest."""

    def make(*models: dict[str, Any], keys: Any = None, ipv6: bool = True, **data: Any) -> Release:
        settings = load(*models, **data)
        leaf = site.leaf(settings)
        held = keys or site.api_keys(settings)
        found = instances_of(*settings.models)
        return release(settings, found, held, leaf, ipv6=ipv6, http2_directive=True)

    return make


def plain(made: Release) -> str:
    return "\n".join(text for text in made.files.values() if isinstance(text, str))


def test_the_same_settings_make_the_same_release(make: Make) -> None:
    one, two = make(), make()
    assert one == two
    assert re.fullmatch(r"[0-9a-f]{16}", one.name)
    assert one.folder == f"{RELEASES}/{one.name}"
    # The release says its own name, so that it can be asked which one runs.
    assert one.name in str(one.files["nginx.conf"])
    assert "0" * 16 not in plain(one)


@pytest.mark.parametrize(
    "data",
    [
        {"domain": "other.example.net"}, {"address": "192.0.2.1"}, {"edge": {"port": 8443}},
        {"edge": {"http_port": 8080}}, {"edge": {"body_limit": "1m"}},
        {"edge": {"read_timeout": 60}}, {"ipv6": False},
        {"keys": {"bob": Secret("fl_bob_x")}},
    ],
)  # fmt: skip
def test_every_setting_changes_the_name(make: Make, data: dict[str, Any]) -> None:
    assert make(**data).name != make().name


@pytest.mark.parametrize("change", [{"name": "other"}, {"port": 8123}])
def test_every_model_changes_the_name(make: Make, change: dict[str, Any]) -> None:
    assert make(change).name != make().name


def test_a_new_certificate_changes_the_name(make: Make, tmp_path: Path) -> None:
    before = make().name
    for stored in (tmp_path / ".firstlight/lab/edges").rglob("*.pem"):
        stored.unlink()
    assert make().name != before


def test_no_secret_in_a_text(make: Make, load: Load) -> None:
    made, settings = make(), load()
    (key,) = site.api_keys(settings).values()
    assert isinstance(made.files["tls.key"], Secret)
    assert "PRIVATE KEY" not in plain(made)
    assert key.reveal() not in plain(made)
    assert "PRIVATE KEY" not in repr(made)
    assert made.files["keys.map"] == f"{digest(key)} alice;\n"
    authority = pki.Authority.load(settings.state_dir / "ca")
    assert "CERTIFICATE" in str(made.files["tls.crt"])
    assert authority.pem not in str(made.files["tls.key"].reveal())


def test_exactly_these_paths(load: Load) -> None:
    settings = load({}, {"engine": "vllm"})
    found = {each["path"]: each for each in locations(served(instances_of(*settings.models)))}
    vllm = [*PATHS, "/v1/responses", "/v1/messages", "/v1/messages/count_tokens"]
    assert list(found) == [
        "/v1/models",
        "/models/tiny/v1/models",
        *PATHS,
        *[f"/models/tiny{path}" for path in PATHS],
        "/models/qwen3-8b/v1/models",
        *[f"/models/qwen3-8b{path}" for path in vllm],
    ]
    assert found["/models/qwen3-8b/v1/messages"] == {
        "path": "/models/qwen3-8b/v1/messages", "upstream": "model_1", "target": "/v1/messages",
        "out": "/run/firstlight-engines/qwen3-8b", "next": "off",
    }  # fmt: skip
    assert found["/v1/completions"]["upstream"] == "model_0"
    for path, names in (("", ["tiny", "qwen3-8b"]), ("/models/qwen3-8b", ["qwen3-8b"])):
        listed = json.loads(found[f"{path}/v1/models"]["body"])
        assert [each["id"] for each in listed["data"]] == names


def test_the_configuration_has_these_paths_and_no_other(make: Make) -> None:
    text = str(make().files["nginx.conf"])
    exact = re.findall(r"location = (\S+) \{", text)
    public = [path for path in exact if not path.startswith("/.errors/")]
    own = [f"/models/tiny{path}" for path in PATHS]
    assert public == ["/release", "/v1/models", "/models/tiny/v1/models", *PATHS, *own]
    # Whatever is not an exact path is refused or sent to HTTPS.
    prefixes = re.findall(r"location (/\S*) \{ return (\d+)", text)
    assert sorted(prefixes) == [("/", "301"), ("/", "404"), ("/", "404")]
    assert not re.search(r"location [~^]", text)
    for path in public[1:]:
        body = text.split(f"location = {path} {{", 1)[1]
        assert body.lstrip().startswith('if ($key_name = "") { return 401; }')


def test_errors_are_in_openais_shape(make: Make) -> None:
    text = str(make().files["nginx.conf"])
    for name, status, _, message, _, code in ERRORS:
        location = text.split(f"location = /.errors/{name} {{", 1)[1].split("\n    }", 1)[0]
        assert "internal;" in location
        body = re.search(rf"return {status} '(.*)';", location)
        assert body is not None
        assert json.loads(body[1])["error"].items() >= {"message": message, "code": code}.items()
        assert re.search(rf"error_page [^;]*\b{status}\b[^;]* /.errors/{name};", text)
    assert json.loads(error_body('say "no"', "t", "c"))["error"]["message"] == 'say "no"'


@pytest.mark.parametrize(
    ("domain", "port", "target"),
    [
        ("llm.example.net", 443, "https://llm.example.net$request_uri"),
        ("llm.example.net", 8443, "https://llm.example.net:8443$request_uri"),
        ("2001:db8::1", 8443, "https://[2001:db8::1]:8443$request_uri"),
    ],
)
def test_the_redirect(make: Make, domain: str, port: int, target: str) -> None:
    text = str(make(domain=domain, edge={"port": port}).files["nginx.conf"])
    assert f"return 301 {target};" in text


def test_ipv6_only_where_the_host_has_it(make: Make) -> None:
    assert "listen [::]:443" in str(make().files["nginx.conf"])
    assert "[::]" not in str(make(ipv6=False).files["nginx.conf"])


def test_a_stream_passes_unbuffered(make: Make) -> None:
    text = str(make(edge={"read_timeout": 777}).files["proxy.conf"])
    assert "proxy_buffering off;" in text
    assert "proxy_read_timeout 777s;" in text
    # The engine never learns the key.
    assert 'proxy_set_header Authorization "";' in text


def test_replicas_stand_behind_gates(make: Make) -> None:
    made = make({"engine": "vllm", "replicas": 2, "gpus": 1})
    text = str(made.files["nginx.conf"])
    for name, port in (("qwen3-8b", 8000), ("qwen3-8b.2", 8001)):
        assert f"server unix:/run/firstlight-gate-{name}.sock max_fails=0;" in text
        assert f"listen unix:/run/firstlight-gate-{name}.sock;" in text
        assert f"if (-f /run/firstlight-engines/{name}) {{ return 503; }}" in text
        assert f"proxy_pass http://127.0.0.1:{port};" in text
    assert "least_conn;" in text
    assert "proxy_next_upstream error http_503 non_idempotent;" in text


def test_sockets_of_a_killed_nginx_do_not_stand_in_the_way(tmp_path: Path) -> None:
    (line,) = re.findall(r"ExecStartPre=(/bin/sh .*)", drop_in())
    for name in ("edge", "gate-qwen3-8b", "gate-qwen3-8b.2", "engines"):
        (tmp_path / f"firstlight-{name}.sock").touch()
    subprocess.run(shlex.split(line.replace("/run/", f"{tmp_path}/")), check=True, timeout=10)
    assert [path.name for path in tmp_path.iterdir()] == ["firstlight-engines.sock"]


def test_an_adapter_is_a_model_to_clients(load: Load) -> None:
    lora = {"name": "polite", "weights": "hf://a/b@" + "2" * 40}
    settings = load({"engine": "vllm", "lora": [lora]})
    (listing, *_) = locations(served(instances_of(*settings.models)))
    found = {each["id"]: each.get("parent") for each in json.loads(listing["body"])["data"]}
    assert found == {"qwen3-8b": None, "polite": "qwen3-8b"}
