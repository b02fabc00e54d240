"""SIMULATED SGLang: the command line, health, metrics and drain of `sglang.launch_server`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import answers, flags, weights
from .desk import Desk
from .serving import Engine, Handler, refuse, serve

NAME = "sglang"
PORT = 30000
# Open to whoever reaches the port, unless an admin key is set: the edge has to keep them closed.
ADMIN = (
    "POST /flush_cache",
    "POST /update_weights_from_disk",
    "POST /load_lora_adapter",
    "POST /unload_lora_adapter",
    "POST /release_memory_occupation",
    "POST /resume_memory_occupation",
    "POST /pause_generation",
    "POST /abort_request",
    "POST /generate",
    "POST /set_internal_state",
    "GET /get_model_info",
    "GET /model_info",
    "GET /server_info",
    "GET /get_server_info",
)


def main(words: Sequence[str]) -> None:
    """Serve as the flags say; ends as the real program does where they are wrong."""
    given = flags.read(NAME, words)
    path = flags.last(given, "model-path", "model")
    if not path:
        refuse(NAME, "the following arguments are required: --model-path/--model")
    weights.checkpoint(NAME, path)
    served = flags.last(given, "served-model-name", default=path)
    adapters = tuple(
        text.partition("=")[0] for group in given.get("lora-paths", []) for text in group
    )
    if adapters and "enable-lora" not in given:
        refuse(NAME, "--lora-paths needs --enable-lora")
    desk = Desk(
        limit=int(flags.last(given, "max-running-requests", default="2048")),
        queue=int(flags.last(given, "max-queued-requests", default="1000000")),
    )
    engine = Engine(NAME, (served, *adapters), desk, error, "drain")
    add_routes(engine, metrics="enable-metrics" in given)
    host = flags.last(given, "host", default="127.0.0.1")
    serve(engine, (host, int(flags.last(given, "port", default=str(PORT)))))


def error(status: int, message: str) -> object:
    """An error in SGLang's shape."""
    kind = "BadRequestError" if status < 500 else "InternalServerError"
    return {"object": "error", "message": message, "type": kind, "param": None, "code": status}


def add_routes(engine: Engine, metrics: bool) -> None:
    """The paths of its HTTP server; ``/metrics`` only where it was asked for."""

    def done(handler: Handler) -> None:
        handler.reply(200, {"success": True, "message": "SIMULATED"})

    for path in ("/health", "/health_generate", "/ready", "/ping"):
        engine.routes[f"GET {path}"] = engine.health
    engine.routes["GET /v1/models"] = answers.models(engine)
    for path, chat in (("/v1/chat/completions", True), ("/v1/completions", False)):
        # Whatever name a request gives: it has one model, and looks for adapters only.
        answer = answers.completions(engine, chat=chat, full=503, known=False)
        engine.routes[f"POST {path}"] = answer
    engine.routes.update(dict.fromkeys(ADMIN, done))
    if metrics:
        labels = f'{{model_name="{engine.models[0]}",engine_type="unified",tp_rank="0"}}'
        engine.routes["GET /metrics"] = engine.metrics(lambda: values(engine), labels)


def values(engine: Engine) -> dict[str, float]:
    """What `/metrics` shows, under SGLang's names."""
    desk = engine.desk
    return {
        "sglang:num_running_reqs": desk.running,
        "sglang:num_queue_reqs": desk.waiting,
        "sglang:token_usage": min(1.0, desk.running / desk.limit),
        "sglang:gen_throughput": 0,
        "sglang:cache_hit_rate": 0,
        "sglang:generation_tokens_total": desk.tokens,
        "sglang:num_requests_total": desk.finished,
        "sglang:num_aborted_requests_total": desk.aborted,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
