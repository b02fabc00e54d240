"""SIMULATED Triton: `tritonserver`, and its frontend that speaks OpenAI's API.

Run with ``openai`` as the first word it is the frontend's main.py, else the server alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import answers, flags, weights
from .desk import Desk
from .serving import Action, Engine, Handler, refuse, serve

NAME = "triton"
PATIENCE = "30"
"""Seconds the server lets open requests end, by default."""


def main(words: Sequence[str]) -> None:
    """Serve as the flags say, as the frontend or as the server."""
    if words[:1] == ["openai"]:
        frontend(words[1:])
    else:
        server(words)


def frontend(words: Sequence[str]) -> None:
    """The OpenAI frontend: its own port, and the server's only where it is asked for."""
    given = flags.read("triton-openai", words)
    path = flags.last(given, "model-repository")
    if not path:
        refuse(NAME, "the following arguments are required: --model-repository")
    if "load-model" in given and flags.last(given, "model-control-mode") != "explicit":
        refuse(NAME, "Use of '--load-model' requires setting '--model-control-mode=explicit'")
    engine = Engine(NAME, weights.repository(NAME, path), Desk(1024, 0), error, "close")
    engine.routes["GET /health/ready"] = engine.health
    engine.routes["GET /metrics"] = engine.metrics(lambda: values(engine), labels(engine))
    engine.routes["GET /v1/models"] = answers.models(engine)
    for route, chat in (("/v1/chat/completions", True), ("/v1/completions", False)):
        engine.routes[f"POST {route}"] = answers.completions(
            engine, chat=chat, full=500, unknown=400
        )
    host = flags.last(given, "host", default="0.0.0.0")
    addresses = [(host, int(flags.last(given, "openai-port", default="9000")))]
    if "enable-kserve-frontends" in given:
        predict(engine)
        addresses.append((host, int(flags.last(given, "kserve-http-port", default="8000"))))
    serve(engine, *addresses)


def server(words: Sequence[str]) -> None:
    """The server alone: KServe's protocol, metrics on a port of their own."""
    given = flags.read("tritonserver", words)
    path = flags.last(given, "model-repository", "model-store")
    if not path:
        refuse(NAME, "--model-repository must be specified")
    engine = Engine(NAME, weights.repository(NAME, path), Desk(1024, 0), error, "close")
    engine.patience = float(flags.last(given, "exit-timeout-secs", default=PATIENCE))
    engine.routes["GET /metrics"] = engine.metrics(lambda: values(engine), labels(engine))
    predict(engine)
    host = flags.last(given, "http-address", default="0.0.0.0")
    addresses = [(host, int(flags.last(given, "http-port", default="8000")))]
    if flags.last(given, "allow-metrics", default="true") not in ("false", "0"):
        metrics = flags.last(given, "metrics-address", default=host)
        addresses.append((metrics, int(flags.last(given, "metrics-port", default="8002"))))
    serve(engine, *addresses)


def error(status: int, message: str) -> object:
    """An error in the frontend's shape."""
    return {"detail": message, "status": status}


def predict(engine: Engine) -> None:
    """Add the paths of KServe's protocol, and those that change what is served."""

    def done(handler: Handler) -> None:
        handler.reply(200, {"name": "triton", "version": "SIMULATED"})

    for path in ("/v2/health/live", "/v2/health/ready"):
        engine.routes[f"GET {path}"] = engine.health
    engine.routes["GET /v2"] = done
    engine.routes["POST /v2/repository/index"] = done
    for model in engine.models:
        engine.routes[f"GET /v2/models/{model}/ready"] = engine.health
        engine.routes[f"POST /v2/models/{model}/generate"] = generate(engine, model)
        for change in ("load", "unload"):
            engine.routes[f"POST /v2/repository/models/{model}/{change}"] = done


def generate(engine: Engine, model: str) -> Action:
    """An action that answers the generate extension with a few words."""

    def answered(handler: Handler) -> None:
        with engine.desk.place():
            text = "".join(answers.words(engine, 16))
        handler.reply(200, {"model_name": model, "model_version": "1", "text_output": text})

    return answered


def labels(engine: Engine) -> str:
    """The labels that Triton gives to a model's metrics."""
    return f'{{model="{engine.models[0]}",version="1"}}'


def values(engine: Engine) -> dict[str, float]:
    """What `/metrics` shows, under Triton's names."""
    desk = engine.desk
    return {
        "nv_inference_request_success": desk.finished - desk.aborted,
        "nv_inference_request_failure": desk.aborted + desk.refused,
        "nv_inference_count": desk.finished,
        "nv_inference_exec_count": desk.finished,
        "nv_inference_pending_request_count": desk.running + desk.waiting,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
