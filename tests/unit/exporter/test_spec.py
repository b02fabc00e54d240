"""What a host's program goes by, made from its settings."""

from __future__ import annotations

import json
from typing import Any

from firstlight.engines.instance import Instance
from firstlight.exporter.spec import spec
from firstlight.settings import HostSettings
from tests.site import Load


def made(settings: HostSettings, **further: Any) -> dict[str, Any]:
    instances = [Instance(model, port=8000 + 16 * n) for n, model in enumerate(settings.models)]
    found: dict[str, Any] = json.loads(spec(settings, instances, **further))
    return found


def test_models_as_the_inventory_has_them(load: Load) -> None:
    settings = load({}, {"engine": "ollama"})
    tiny, qwen = made(settings)["models"]
    assert (tiny["model"], tiny["replica"], tiny["info"]["engine"]) == ("tiny", "tiny", "llamacpp")
    assert "probe" not in tiny, "it has metrics of its own"
    assert tiny["out"] == "/run/firstlight-engines/tiny-8000"
    assert [path.rpartition("/")[2] for path in tiny["markers"]] == [".firstlight.json"]
    assert qwen["probe"]["port"] == 11434 and qwen["probe"]["address"].startswith("198.18.")


def test_gpus_as_the_inventory_has_them(load: Load) -> None:
    assert made(load())["gpus"] == {"managed": False, "expected": 0}
    gpus = made(load(nvidia={"count": 8}))["gpus"]
    assert gpus == {"managed": True, "expected": 8}


def test_what_is_switched_off_is_not_asked_for(load: Load) -> None:
    assert made(load())["firewall"] is True
    assert made(load(firewall={"enabled": False}))["firewall"] is False
    assert made(load())["backup"]["expected"] is False
    assert made(load(), backup_expected=True)["backup"]["expected"] is True


def test_no_secret_travels(load: Load) -> None:
    """The file is readable for everyone."""
    settings = load()
    assert "secret" not in spec(settings, [Instance(settings.models[0], port=8000)]).lower()
