"""Looking again and again: what is shown while a monitor is gone, and on small screens."""

from __future__ import annotations

import io
import os
import pty
import select
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

from rich.console import Console

from firstlight.errors import FirstlightError
from firstlight.status import text
from firstlight.status.live import Screenful, View, drawn, views
from firstlight.status.stack import Alert, Host, Stack

FINE = Stack("lab", "EUR", 1_700_000_000.0, hosts=tuple(Host(f"h{n}", "up") for n in range(60)))


def shown(view: View, height: int = 500, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, no_color=True)
    console.print(drawn(view) if height == 500 else Screenful(view))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_a_monitor_that_is_gone_for_a_while_comes_back() -> None:
    now, slept = [1_700_000_000.0], []
    answers: list[Stack | FirstlightError] = [FINE]
    answers += [FirstlightError("the host is not reached", where="mon1", why="no route")] * 2
    answers.append(FINE)

    def look() -> Stack:
        now[0] += 1
        answer = answers.pop(0)
        if isinstance(answer, FirstlightError):
            raise answer
        return answer

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    first, gone, still, back = islice(views(look, 5, sleep, lambda: now[0]), 4)
    assert (first.exit_code, gone.exit_code, back.exit_code) == (0, 1, 0)
    assert gone.since == still.since and slept == [4.0, 4.0, 4.0]
    said = shown(still)
    assert "no answer since 22:13:25 UTC" in said and "no route" in said
    assert "below is what was read at 22:13:20 UTC" in said and "h59" in said
    assert back.error is None and "no answer" not in shown(back)


def test_a_slow_look_is_not_followed_by_one_at_once() -> None:
    now, slept = [0.0], []

    def look() -> Stack:
        now[0] += 30
        return FINE

    list(islice(views(look, 5, slept.append, lambda: now[0]), 3))
    assert slept == [1.0, 1.0]


def test_a_small_screen_says_what_it_leaves_out() -> None:
    said = shown(View(FINE), height=24)
    assert len(said.rstrip("\n").splitlines()) <= 24 and "more lines" in said
    assert "more lines" not in shown(View(FINE), height=90)


def test_a_silenced_alert_is_nobodys_call() -> None:
    alert = Alert("critical", "HostDown", "h1", None, "it is off", "", "", "", ())
    silenced = Alert("critical", "HostDown", "h1", None, "it is off", "", "", "by ops", ())
    assert Stack("a", "EUR", 0, alerts=(alert,)).exit_code == 3
    assert Stack("a", "EUR", 0, alerts=(silenced,)).exit_code == 0
    assert Stack("a", "EUR", 0, problems=(FirstlightError("no"),)).exit_code == 1


def test_ctrl_c_ends_it_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    inventory = tmp_path / "here.py"
    inventory.write_text('monitor = (["@local"], {"monitor": {"grafana": {"enabled": False}}})\n')
    ours, theirs = pty.openpty()
    # A session of its own, whose terminal that is: then Ctrl-C is a key and no signal of ours. Who
    # runs the tests in the background has them ignore it, which is handed on.
    command = [
        "setsid",
        "--ctty",
        "--wait",
        "env",
        "--default-signal=INT",
        sys.executable,
        "-m",
        "firstlight",
        "status",
        str(inventory),
        "--watch",
        "2",
    ]
    env = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, env=env,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    try:
        while b"@local" not in said:
            assert select.select([ours], [], [], 30)[0], said
            said += os.read(ours, 65536)
        os.write(ours, b"\x03")
        end = time.monotonic() + 60
        while select.select([ours], [], [], 30)[0]:
            assert time.monotonic() < end, said
            try:
                said += os.read(ours, 65536)
            except OSError:  # nobody has the terminal any more
                break
        assert process.wait(30) in (0, 1, 3)
    finally:
        process.kill()
        os.close(ours)
    assert b"\x1b[?1049h" in said and b"\x1b[?1049l" in said and b"Traceback" not in said


def test_texts() -> None:
    assert text.clean("a\x1b[31m\nb\u202e\x9b") == "a\\x1b[31m b\\u202e\\x9b"
    assert len(text.clean("x" * 1000)) == 301
    assert text.tag("reg:5000/vllm/vllm-openai:v0.33.0@sha256:" + "a" * 64) == "v0.33.0"
    assert text.tag("reg/x@sha256:" + "ab" * 32) == "abababababab"
    assert [text.span(each) for each in (None, 30, 600, 9000, 864000)] == [
        "–",
        "30 s",
        "10 min",
        "2 h",
        "10 d",
    ]
    assert (text.seconds(0.3456), text.rate(0.0123), text.size(2**35)) == (
        "346 ms",
        "0.012",
        "32.0 GiB",
    )
