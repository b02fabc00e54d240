"""What right settings become: defaults filled in, paths absolute, pyinfra's own keys ignored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from firstlight.settings import HostSettings, load_host
from firstlight.settings.host import HostSettings as Host
from firstlight.settings.schema import keys_at
from firstlight.settings.section import Section

Data = dict[str, Any]
Load = Callable[..., HostSettings]
MiB = 2**20


def test_defaults(load: Load, data: Data, root: Path) -> None:
    host = load(data)
    model = host.models[0]
    assert (host.name, host.groups, host.site) == ("gpu1", frozenset({"gpu"}), "lab")
    assert host.state_dir == root / ".firstlight/lab"
    assert host.edge.enabled and host.edge.api_keys == host.state_dir / "keys/api-keys.toml"
    assert (host.edge.port, host.edge.http_port, host.edge.body_limit) == (443, 80, "32m")
    assert (model.port, model.concurrency, model.include) == (8000, 32, ("tiny.gguf",))
    assert (model.shm, model.memory, model.bytes) == (1024 * MiB, None, None)
    assert host.docker.source == "distribution" and host.reached_at == "llm.example.net"


def test_pyinfras_own_keys_are_passed_over(load: Load, data: Data) -> None:
    foreign = {
        "_sudo": True,
        "ssh_user": "ops",
        "ssh_transport_factory": object(),
        "vagrant_options": {},
        "docker_identifier": "x",
        "fake_responses": {},
    }
    assert load(data | foreign) == load(data)


def test_the_connectors_of_pyinfra_are_all_known() -> None:
    connectors = pytest.importorskip("pyinfra.connectors")
    from importlib import import_module
    from pkgutil import iter_modules

    from firstlight.settings.foreign import is_foreign

    for module in iter_modules(connectors.__path__):
        loaded = import_module(f"pyinfra.connectors.{module.name}")
        names = set(getattr(loaded, "connector_data_meta", {}))
        assert all(is_foreign(name) for name in names), (module.name, names)


def test_a_model_of_the_catalogue(load: Load, data: Data) -> None:
    model = data["models"][0]
    pinned = {key: model[key] for key in ("revision", "image")}
    host = load(data | {"models": [{"name": "qwen3-8b", **pinned}]})
    assert host.models[0].repo == "Qwen/Qwen3-8B"
    assert (host.models[0].engine, host.models[0].context) == ("vllm", 32768)
    assert host.models[0].bytes == 16_381_470_720
    assert "*.safetensors" in host.models[0].include


def test_what_is_given_wins_over_the_catalogue(load: Load, data: Data) -> None:
    data["models"][0] |= {"name": "qwen3-8b", "context": 1024}
    model = load(data).models[0]
    # Another repository under the same name has another size.
    assert (model.repo, model.context, model.bytes) == ("firstlight/tiny", 1024, None)


def test_the_parts_of_a_split_gguf_are_all_fetched(load: Load, data: Data) -> None:
    data["models"][0]["file"] = "q8/big-00001-of-00003.gguf"
    assert load(data).models[0].include == ("q8/big-*-of-00003.gguf",)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("16GB", 16 * 10**9), ("16GiB", 16 * 2**30), ("512 MB", 512 * 10**6), (1048576, MiB)],
)
def test_sizes(given: object, expected: int, load: Load, data: Data) -> None:
    data["models"][0]["bytes"] = given
    assert load(data).models[0].bytes == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("LLM.Example.net", "llm.example.net"),
        ("10.0.0.1", "10.0.0.1"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("box", "box"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_domains(given: str, expected: str, load: Load, data: Data) -> None:
    assert load(data | {"domain": given}).domain == expected


@pytest.mark.parametrize("gpus", [0, "all", [0], [1, 0]])
def test_gpus(gpus: object, load: Load, data: Data) -> None:
    data["models"][0]["gpus"] = gpus
    assert load(data).models[0].gpus == (tuple(gpus) if isinstance(gpus, list) else gpus)


def test_ports_follow_the_place_in_the_list(load: Load, data: Data) -> None:
    data["models"].append(data["models"][0] | {"name": "second"})
    assert [model.port for model in load(data).models] == [8000, 8016]


def test_a_host_that_serves_nothing_needs_nothing(tmp_path: Path) -> None:
    host = load_host("monitor1", {}, ["monitor"], tmp_path)
    assert not host.edge.enabled and host.domain is None and host.models == ()
    assert host.site == "firstlight" and host.reached_at == "monitor1"


def test_llamacpp_knows_no_abbreviations(load: Load, data: Data) -> None:
    data["models"][0]["args"] = {"no-host": True, "t": 2, "n-gpu-layers": 0, "temp": -1.5}
    assert set(load(data).models[0].args) == {"no-host", "t", "n-gpu-layers", "temp"}


def test_daemon_keys_of_the_operator_are_kept(load: Load, data: Data) -> None:
    daemon = {"data-root": "/srv/docker", "hosts": ["fd://"], "live-restore": False}
    assert load(data | {"docker": {"daemon": daemon}}).docker.daemon == daemon


def test_settings_are_frozen(load: Load, data: Data) -> None:
    with pytest.raises(ValidationError):
        load(data).domain = "other.example.net"  # type: ignore[misc]


def test_the_inventorys_data_is_left_as_it_was(load: Load, data: Data) -> None:
    before = repr(data)
    load(data)
    assert repr(data) == before


def sections(section: type[Section]) -> set[type[Section]]:
    found = {section}
    for field in section.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, Section):
                found |= sections(part)
    return found


def test_every_field_says_what_it_is() -> None:
    assert len(sections(Host)) >= 14
    for section in sections(Host):
        for name, field in section.model_fields.items():
            description = field.description or ""
            assert description.endswith("."), f"{section.__name__}.{name}"
    assert "models" in keys_at(())
