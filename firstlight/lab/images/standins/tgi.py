"""SIMULATED TGI: the command line, environment, health, metrics and end of its launcher."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import answers, flags, weights
from .desk import Desk
from .serving import Engine, Handler, refuse, serve

NAME = "tgi"
# From the documentation; where an environment variable says otherwise, that counts.
PORT = "3000"
CONCURRENT = "128"
PATIENCE = "90"
ALSO = ("POST /generate", "POST /generate_stream", "POST /invocations", "POST /vertex",
        "POST /tokenize", "POST /", "GET /info", "POST /chat_tokenize")  # fmt: skip


def main(words: Sequence[str]) -> None:
    """Serve as flags and environment say."""
    given = flags.read(NAME, words, environment=True)
    path = flags.last(given, "model-id", default="bigscience/bloom-560m")
    weights.checkpoint(NAME, path)
    both = [flags.last(given, "max-input-tokens"), flags.last(given, "max-total-tokens")]
    if all(both) and int(both[0]) >= int(both[1]):
        refuse(NAME, "`max_input_tokens` must be < `max_total_tokens`")
    concurrent = int(flags.last(given, "max-concurrent-requests", default=CONCURRENT))
    engine = Engine(NAME, (path,), Desk(concurrent, 0), error, "close")
    engine.patience = float(flags.last(given, "graceful-termination-timeout", default=PATIENCE))
    add_routes(engine)
    host = flags.last(given, "hostname", default="0.0.0.0")
    serve(engine, (host, int(flags.last(given, "port", default=PORT))))


def error(status: int, message: str) -> object:
    """An error in TGI's shape."""
    kind = {429: "overloaded", 503: "healthcheck"}.get(status, "validation")
    return {"error": message, "error_type": kind}


def add_routes(engine: Engine) -> None:
    """The paths of its router. It has one model, and answers whatever name a request gives."""

    def done(handler: Handler) -> None:
        handler.reply(200, {"generated_text": "SIMULATED by tgi's stand-in"})

    for path in ("/health", "/ping", "/"):
        engine.routes[f"GET {path}"] = engine.health
    engine.routes["GET /v1/models"] = answers.models(engine)
    for path, chat in (("/v1/chat/completions", True), ("/v1/completions", False)):
        engine.routes[f"POST {path}"] = answers.completions(
            engine, chat=chat, full=429, known=False
        )
    engine.routes.update(dict.fromkeys(ALSO, done))
    engine.routes["GET /metrics"] = engine.metrics(lambda: values(engine))


def values(engine: Engine) -> dict[str, float]:
    """What `/metrics` shows, under TGI's names."""
    desk = engine.desk
    return {
        "tgi_batch_current_size": desk.running,
        "tgi_queue_size": desk.waiting,
        "tgi_request_count": desk.finished + desk.running,
        "tgi_request_success": desk.finished - desk.aborted,
        "tgi_request_failure": desk.aborted + desk.refused,
        "tgi_request_generated_tokens_sum": desk.tokens,
        "tgi_request_generated_tokens_count": desk.finished,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
