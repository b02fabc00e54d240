"""SIMULATED Ollama: `ollama serve` with its environment, its API and OpenAI's, models from a folder.

It answers at once, and loads a model at the first request for it. What changes models answers
200, so that a test sees whether the way in is closed before it.
"""

from __future__ import annotations

import datetime
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import answers, ollama_store
from .desk import Desk, number
from .ollama_store import Stored
from .serving import LOAD, Action, Engine, Handler, compact, refuse, say, serve

NAME = "ollama"
VERSION = "0.33.0-SIMULATED"
CHANGES = ("POST /api/pull", "POST /api/push", "POST /api/create", "POST /api/copy",
           "DELETE /api/delete", "POST /api/blobs/*", "POST /api/signout", "POST /api/me",
           "POST /api/experimental/web_search", "POST /api/experimental/web_fetch")  # fmt: skip
SHARE = "SIMULATED_VRAM_SHARE"
NEVER = datetime.timedelta(days=365 * 290)
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class Ollama:
    """The server's state: which models there are, and which are loaded until when."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.loaded: dict[str, datetime.datetime] = {}
        parallel = int(os.environ.get("OLLAMA_NUM_PARALLEL") or 1)
        queue = int(os.environ.get("OLLAMA_MAX_QUEUE") or 512)
        served = tuple(ollama_store.models(root))
        self.engine = Engine(NAME, served, Desk(parallel, queue), error, "cut", loaded=True)
        # Clients leave the tag out, and get the one that is called latest.
        self.engine.models += tuple(
            name.removesuffix(":latest") for name in served if name.endswith(":latest")
        )
        self._routes()

    def _routes(self) -> None:
        routes = self.engine.routes
        for method in ("GET", "HEAD"):
            routes[f"{method} /"] = lambda h: h.reply(200, "Ollama is running", "text/plain")
            routes[f"{method} /api/version"] = lambda h: h.reply(200, {"version": VERSION})
            routes[f"{method} /api/tags"] = lambda h: h.reply(200, {"models": self.tags()})
        routes["GET /api/ps"] = lambda h: h.reply(200, {"models": self.running()})
        routes["POST /api/generate"] = self.native("response", "prompt")
        routes["POST /api/chat"] = self.native("message", "messages")
        routes["POST /api/show"] = lambda h: h.reply(200, {"details": {}, "SIMULATED": True})
        routes["GET /v1/models"] = answers.models(self.engine)
        for path, chat in (("/v1/chat/completions", True), ("/v1/completions", False)):
            answer = answers.completions(self.engine, chat=chat, full=503)
            routes[f"POST {path}"] = self.loading(answer)
        routes.update(dict.fromkeys(CHANGES, lambda h: h.reply(200, {"status": "success"})))

    def find(self, name: str) -> Stored | None:
        """The model that a client means."""
        return ollama_store.models(self.root).get(ollama_store.whole_name(name))

    def tags(self) -> list[dict[str, Any]]:
        """What `/api/tags` lists."""
        found = ollama_store.models(self.root).values()
        return [
            {"name": each.name, "model": each.name, "size": each.size, "digest": each.digest}
            for each in found
        ]

    def running(self) -> list[dict[str, Any]]:
        """What `/api/ps` lists: a model is in GPU memory only where there is a GPU."""
        on_gpu = any(Path("/dev").glob("nvidia[0-9]*"))
        share = number(SHARE, 1.0) if on_gpu else 0.0
        now = datetime.datetime.now(datetime.UTC)
        self.loaded = {name: end for name, end in self.loaded.items() if end > now}
        context = int(os.environ.get("OLLAMA_CONTEXT_LENGTH") or 0) or 4096
        return [
            {
                "name": name, "model": name, "size": each.size, "digest": each.digest,
                "expires_at": end.isoformat(), "size_vram": int(each.size * share),
                "context_length": context,
            }
            for name, end in self.loaded.items()
            if (each := self.find(name))
        ]  # fmt: skip

    def load(self, model: Stored, keep_alive: object) -> None:
        """Load a model if it is not loaded, and keep it as long as asked."""
        if model.name not in self.loaded:
            time.sleep(number(LOAD, 1.0))
            say(NAME, f"loaded {model.name}, digest {model.digest[:12]}")
        given = os.environ.get("OLLAMA_KEEP_ALIVE") or "5m" if keep_alive is None else keep_alive
        self.loaded[model.name] = datetime.datetime.now(datetime.UTC) + lifetime(given)

    def refused(self, handler: Handler, model: Stored | None) -> bool:
        """Whether ``model`` cannot be served; then that is answered already."""
        name = handler.given().get("model", "")
        if model is None:
            handler.reply(404, error(404, f"model '{name}' not found"))
        elif model.missing:
            handler.reply(500, error(500, f"blob {model.missing[0]} of '{name}' is missing"))
        return model is None or bool(model.missing)

    def loading(self, then: Action) -> Action:
        """An action that loads the model that is asked for before ``then``."""

        def answered(handler: Handler) -> None:
            model = self.find(str(handler.given().get("model", "")))
            if not self.refused(handler, model) and model is not None:
                self.load(model, None)
                then(handler)

        return answered

    def native(self, part: str, asks: str) -> Action:
        """An action of Ollama's own API; without a question it loads the model, or unloads it."""

        def answered(handler: Handler) -> None:
            given = handler.given()
            model = self.find(str(given.get("model", "")))
            if self.refused(handler, model) or model is None:
                return
            keep = given.get("keep_alive")
            if not given.get(asks) and keep in (0, "0"):
                self.loaded.pop(model.name, None)
                handler.reply(200, record(given, part, "", "unload"))
                return
            self.load(model, keep)
            if not given.get(asks):
                handler.reply(200, record(given, part, "", "load"))
                return
            with self.engine.desk.place() as taken:
                if taken:
                    handler.stream(self.words(given, part), "application/x-ndjson")
                else:
                    handler.reply(503, error(503, "server busy, please try again"))

        return answered

    def words(self, given: dict[str, Any], part: str) -> Iterator[str]:
        """An answer of Ollama's own API, a JSON object a line, or one where none streams."""
        count, reason = answers.wanted(given.get("options") or {}, "num_predict")
        told = answers.words(self.engine, count)
        if given.get("stream") is False:
            yield compact(record(given, part, "".join(told), reason))
            return
        for word in told:
            yield compact(record(given, part, word, "")) + "\n"
        yield compact(record(given, part, "", reason)) + "\n"


def record(given: dict[str, Any], part: str, text: str, reason: str) -> dict[str, Any]:
    """One object of an answer; with a ``reason`` it is the last."""
    said: object = text if part == "response" else {"role": "assistant", "content": text}
    now = datetime.datetime.now(datetime.UTC).isoformat()
    found = {"model": given["model"], "created_at": now, part: said, "done": bool(reason)}
    return {**found, "done_reason": reason} if reason else found


def lifetime(given: object) -> datetime.timedelta:
    """A ``keep_alive``: seconds, or a number with its unit; below 0 for ever."""
    text = str(given)
    unit = UNITS.get(text[-1:], 0.0)
    length = float(text[:-1]) * unit if unit else float(text)
    return NEVER if length < 0 else datetime.timedelta(seconds=length)


def error(status: int, message: str) -> object:
    """An error as Ollama puts it: OpenAI's shape, with what its own API shows beside it."""
    kind = {404: "not_found_error", 503: "api_error"}.get(status, "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def main(words: Sequence[str]) -> None:
    """`ollama serve`, with nothing after it."""
    if list(words) not in (["serve"], ["start"]):
        refuse(NAME, f"unknown command or flag: {' '.join(words) or 'nothing'}")
    home = Path(os.environ.get("HOME") or "/root") / ".ollama"
    try:  # the real one makes its key pair there before it listens
        home.mkdir(parents=True, exist_ok=True)
        (home / "id_ed25519").write_text("SIMULATED\n")
    except OSError as problem:
        refuse(NAME, f"could not create directory {problem}")
    host, _, port = (os.environ.get("OLLAMA_HOST") or "127.0.0.1").partition(":")
    root = Path(os.environ.get("OLLAMA_MODELS") or home / "models")
    if os.environ.get("OLLAMA_NO_CLOUD") not in ("1", "true"):
        say(NAME, "WARNING: cloud models are not switched off (OLLAMA_NO_CLOUD)")
    serve(Ollama(root).engine, (host, int(port or 11434)))


if __name__ == "__main__":
    main(sys.argv[1:])
