"""What is said to QEMU and to the agent in a guest, with a made-up other side."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firstlight.errors import FirstlightError
from firstlight.lab.vm import agent
from firstlight.lab.vm.channel import Channel

Answer = Callable[[dict[str, Any]], list[Any]]


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Callable[[Answer], Path]]:
    servers: list[socket.socket] = []

    def begin(answer: Answer) -> Path:
        path = tmp_path / "other.sock"
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()
        servers.append(server)

        def serve() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    for said in answer(json.loads(line)):
                        connection.sendall(f"{json.dumps(said)}\n".encode())

        threading.Thread(target=serve, daemon=True).start()
        return path

    yield begin
    for server in servers:
        server.close()


def test_events_before_an_answer_are_passed_over(listen: Callable[[Answer], Path]) -> None:
    path = listen(lambda asked: [{"event": "RESET"}, {"return": asked["arguments"]}])
    with Channel(path, 5) as channel:
        assert channel.ask("echo", {"a": 1}) == {"a": 1}


def test_an_error_says_which_command_and_why(listen: Callable[[Answer], Path]) -> None:
    path = listen(lambda asked: [{"error": {"class": "GenericError", "desc": "no such thing"}}])
    with (
        Channel(path, 5) as channel,
        pytest.raises(FirstlightError, match="does not answer") as failed,
    ):
        channel.ask("wish")
    assert "wish: no such thing" in str(failed.value.why)


def test_silence_ends(listen: Callable[[Answer], Path]) -> None:
    path = listen(lambda asked: [])
    began = time.monotonic()
    with Channel(path, 60) as channel, pytest.raises(FirstlightError):
        channel.ask("wish", seconds=0.2)
    assert time.monotonic() - began < 20


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(FirstlightError):
        Channel(tmp_path / "nobody.sock", 1)


class Guest:
    """An agent that still owes an answer to somebody who left, and runs a program for two polls."""

    def __init__(self, ended: dict[str, Any]) -> None:
        self.ended = ended
        self.polls = 0
        self.argv: list[str] = []

    def __call__(self, asked: dict[str, Any]) -> list[Any]:
        if asked["execute"] == "guest-sync-delimited":
            return [{"return": {"left": "over"}}, {"return": asked["arguments"]["id"]}]
        if asked["execute"] == "guest-exec":
            self.argv = [asked["arguments"]["path"], *asked["arguments"]["arg"]]
            return [{"return": {"pid": 7}}]
        assert asked == {"execute": "guest-exec-status", "arguments": {"pid": 7}}
        self.polls += 1
        return [{"return": {"exited": self.polls > 1, **(self.ended if self.polls > 1 else {})}}]


def test_a_command_in_a_guest(listen: Callable[[Answer], Path]) -> None:
    out = base64.b64encode(b"two\nlines").decode()
    guest = Guest({"exitcode": 3, "out-data": out})
    ended = agent.execute(listen(guest), ["sh", "-c", "exit 3"])
    assert ended == agent.Ended(3, b"two\nlines", b"")
    assert guest.argv[-3:] == ["sh", "-c", "exit 3"]


def test_a_command_that_a_signal_ended(listen: Callable[[Answer], Path]) -> None:
    assert agent.execute(listen(Guest({"signal": 9})), ["sleep"]).code == 137


def test_a_command_that_does_not_end(listen: Callable[[Answer], Path]) -> None:
    guest = Guest({})
    guest.polls = -1000
    with pytest.raises(FirstlightError, match="did not end within"):
        agent.execute(listen(guest), ["sleep", "9"], seconds=0.3)
