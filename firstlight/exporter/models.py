"""Models of the host: what each copy is, whether it is in service, what its weights weigh."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from firstlight.exporter import units
from firstlight.exporter.page import Page

ANSWER_SECONDS = 3.0
LARGEST_ANSWER = 1 << 20


def read(path: Path) -> dict[str, Any]:
    """Return the object of a JSON file, an empty one where there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def weights(markers: list[str], root: Path) -> int:
    """Return the bytes of weights, by the done-markers of their folders; 0 where one lacks."""
    total = 0
    for path in markers:
        files = read(root / path.lstrip("/")).get("files")
        if not isinstance(files, dict):
            return 0
        total += sum(int(each.get("size", 0)) for each in files.values())
    return total


def loaded(address: str, port: int) -> list[dict[str, Any]] | None:
    """Return what Ollama says it has loaded; None where it does not answer."""
    import http.client  # 40 ms of the 100 that a run costs, where there is an Ollama

    connection = http.client.HTTPConnection(address, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/api/ps")
        answer = json.loads(connection.getresponse().read(LARGEST_ANSWER))
        return [each for each in answer.get("models") or [] if isinstance(each, dict)]
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def probed(page: Page, model: dict[str, Any]) -> None:
    """Tell what Ollama, which has no metrics of its own, says of its model."""
    labels = {"model": model["model"], "replica": model["replica"]}
    found = loaded(model["probe"]["address"], model["probe"]["port"])
    about = "Whether Ollama answers."
    page.add("firstlight_ollama_up", about, found is not None, **labels)
    if found is None:
        return
    sizes = {
        "size": ("firstlight_ollama_model_size_bytes", "Bytes of what Ollama has loaded."),
        "size_vram": ("firstlight_ollama_model_vram_bytes", "Of those, bytes on GPUs."),
    }
    for key, (name, about) in sizes.items():
        page.add(name, about, sum(int(each.get(key) or 0) for each in found), **labels)
    about = "Models that Ollama has loaded."
    page.add("firstlight_ollama_models_loaded", about, len(found), **labels)


def told(page: Page, spec: dict[str, Any], root: Path) -> None:
    """Tell of each copy of a model on the host."""
    for model in spec["models"]:
        labels = {"model": model["model"], "replica": model["replica"]}
        about = "A copy of a model: its engine, its image and where its weights are from."
        page.add("firstlight_model_info", about, 1, **labels, **model["info"])
        about = "Requests that a copy answers at a time."
        page.add("firstlight_model_concurrency", about, model["concurrency"], **labels)
        about = "Tokens that one request may have in all."
        page.add("firstlight_model_context_tokens", about, model["context"], **labels)
        if size := weights(model["markers"], root):
            about = "Bytes of the copy's weights on the disk."
            page.add("firstlight_model_weights_bytes", about, size, **labels)
        about = "Whether a copy is kept out of service: it starts, drains, or was taken out."
        out = (root / model["out"].lstrip("/")).exists()
        # One that ended too often is out as well, and nobody wanted that.
        out = out and not units.given_up(model["replica"])
        page.add("firstlight_model_out_of_service", about, out, **labels)
        if model.get("probe"):
            probed(page, model)
