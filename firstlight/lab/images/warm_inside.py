"""Runs inside the image that is being built, under the image's own Python (3.11, no packages)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

BASE = "http://127.0.0.1:8000"
START_SECONDS = 400
STOP_SECONDS = 60
LOG = Path("/tmp/vllm.log")
ARGUMENTS = (
    "--host=127.0.0.1", "--port=8000", "--served-model-name=tiny", "--dtype=float32",
    "--enforce-eager", "--kv-cache-memory-bytes=67108864", "--shutdown-timeout=5",
)  # fmt: skip
QUESTION = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "hi"}],
    "max_tokens": 4,
    "stream": True,
}


def ask(path: str, data: dict[str, object] | None = None) -> bytes:
    """The answer's body; raises OSError if there is no good answer."""
    body = json.dumps(data).encode() if data else None
    request = urllib.request.Request(BASE + path, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: bytes = answer.read()
    return content


def exercise(engine: subprocess.Popen[bytes]) -> None:
    """Wait for the engine and use what hosts will use of it."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ask("/health")
            break
        except OSError:
            if engine.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.5)
    stream = ask("/v1/chat/completions", QUESTION)
    if b"data: [DONE]" not in stream:
        raise OSError(f"the stream is not whole: {stream[-300:]!r}")
    for path in ("/metrics", "/v1/models", "/version"):
        ask(path)


def main(model: str) -> int:
    """Return 0 if the engine answered."""
    with LOG.open("wb") as log:
        engine = subprocess.Popen(
            ["vllm", "serve", model, *ARGUMENTS], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            exercise(engine)
        except OSError as error:
            lines = LOG.read_text(errors="replace").splitlines()
            telling = [line for line in lines if "Error" in line]
            sys.stderr.write("\n".join([*telling[:6], str(error)]))
            return 1
        finally:
            engine.terminate()
            try:
                engine.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                engine.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
