"""A stand-in as a process of its own, started the way its image starts it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstlight.lab.images import standin

FAST = {"SIMULATED_TOKEN_SECONDS": "0.01", "SIMULATED_LOAD_SECONDS": "0.5"}
CHAT = "/v1/chat/completions"


def command(module: str, *words: str) -> list[str]:
    return [sys.executable, "-B", "-m", f"standins.{module}", *words]


def environment(**more: str) -> dict[str, str]:
    """Nothing of this process but PATH: what the images' programs have."""
    folder = str(standin.PROGRAMS.parent)
    return {"PATH": os.environ["PATH"], "PYTHONPATH": folder, **FAST, **more}


def ended(module: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a stand-in that is expected to end by itself."""
    return subprocess.run(
        command(module, *words),
        env=environment(**more), capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(frozen=True)
class Standin:
    """A stand-in that runs, and its port."""

    process: subprocess.Popen[str]
    port: int

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def ask(self, path: str, body: object = None, method: str = "") -> tuple[int, Any]:
        """Status of one request, and its answer's JSON, or text where it is none."""
        connection = self.connect()
        text = None if body is None else json.dumps(body)
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, text)
            response = connection.getresponse()
            content = response.read().decode()
        finally:
            connection.close()
        try:
            return response.status, json.loads(content)
        except ValueError:
            return response.status, content

    def status(self, path: str) -> int:
        """Status of a GET; 0 while nothing listens."""
        try:
            return self.ask(path)[0]
        except OSError:
            return 0

    def await_status(self, path: str, wanted: int) -> set[int]:
        """Wait until ``path`` answers ``wanted``; all that was answered before."""
        seen = set[int]()
        deadline = time.monotonic() + 15
        while (now := self.status(path)) != wanted:
            seen.add(now)
            assert self.process.poll() is None and time.monotonic() < deadline, seen
            time.sleep(0.02)
        return seen

    def events(self, tokens: int, model: str, path: str = CHAT) -> Iterator[str]:
        """The data of each event of a streamed answer, up to its end or the connection's."""
        connection = self.connect()
        asked = {"messages": [{"role": "user", "content": "Hello"}], "prompt": "Hello"}
        body = {**asked, "model": model, "stream": True, "max_tokens": tokens}
        connection.request("POST", path, json.dumps(body))
        response = connection.getresponse()
        assert response.status == 200, response.read()
        try:
            while line := response.readline():
                if line.startswith(b"data: "):
                    yield line[6:].decode().strip()
        finally:
            connection.close()

    def gauges(self) -> dict[str, float]:
        """The metrics page by names, without labels."""
        status, text = self.ask("/metrics")
        assert status == 200
        lines = [line.rpartition(" ") for line in str(text).splitlines()]
        return {name.partition("{")[0]: float(value) for name, _, value in lines}

    def log(self) -> str:
        """What it wrote, once it has ended by itself or by a signal."""
        return self.process.communicate(timeout=20)[1]


@contextmanager
def running(module: str, *words: str, port: int, **more: str) -> Iterator[Standin]:
    process = subprocess.Popen(
        command(module, *words), env=environment(**more), stderr=subprocess.PIPE, text=True
    )
    try:
        yield Standin(process, port)
    finally:
        process.kill()
        process.communicate(timeout=10)


def checkpoint(folder: Path) -> str:
    """A checkpoint as small as one can be."""
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    header = json.dumps({"w": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).encode()
    content = len(header).to_bytes(8, "little") + header + b"1234"
    (folder / "model.safetensors").write_bytes(content)
    return str(folder)


def repository(folder: Path) -> str:
    """A Triton model repository with the model tiny."""
    (folder / "tiny/1").mkdir(parents=True)
    (folder / "tiny/config.pbtxt").write_text('backend: "vllm"\n')
    return str(folder)
