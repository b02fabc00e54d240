"""Runs a program that prints a secret: bounded in time and length, its output kept to ourselves."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from firstlight.errors import FirstlightError
from firstlight.secret import may_be_secret

SECONDS = 120.0
"""How long it may take: somebody may have to touch a key or type a pass phrase."""
LONGEST = 64 * 1024
"""More than this is no secret, in bytes."""
_LINES, _COLUMNS = 4, 200
_LOOK_SECONDS = 0.02
_READS = 256  # at one look: who writes without end is not listened to without end
_RECIPIENT = re.compile(r"\bage1[0-9a-z]{58}\b")
"""Whom a file is encrypted for: public, and what one has to know when it cannot be decrypted."""

_hidden: set[str] = set()


def hide(variable: str) -> None:
    """Keep the environment variable, which holds a secret, from every program run here."""
    _hidden.add(variable)


def printed(
    words: Sequence[str],
    what: str,
    where: str,
    fix: str,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Return what the program prints. ``what``, ``where`` and ``fix`` are those of its errors.

    ``environment`` is added to that of this process. The program gets no input, but the terminal
    is its own to ask at. Raises :class:`FirstlightError`, which never shows what it printed.
    """
    program = words[0]
    surrounding = {key: each for key, each in os.environ.items() if key not in _hidden}
    try:
        process = subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**surrounding, **(environment or {})},
        )
    except FileNotFoundError:
        raise FirstlightError(
            f"{what} cannot be had: {program} is not installed here", where=where, fix=fix
        ) from None
    except OSError as error:
        why = error.strerror or str(error)
        raise FirstlightError(f"{what} cannot be had", where=where, why=why, fix=fix) from None
    out, told, code = _waited(process)
    if code is None:
        why = f"it was not done after {SECONDS:.0f} s and was ended"
        raise FirstlightError(f"{what} cannot be had", where=where, why=why, fix=fix)
    if code:
        why = f"it ended with code {code}{_said(told, out)}"
        raise FirstlightError(f"{what} cannot be had", where=where, why=why, fix=fix)
    if len(out) > LONGEST:
        why = f"it printed more than {LONGEST // 1024} KiB: that is no secret"
        raise FirstlightError(f"{what} cannot be had", where=where, why=why, fix=fix)
    return out


def _waited(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes, int | None]:
    """What it printed and said, and its exit code; None where it took too long.

    The pipes are asked, not waited for: a child of the program may hold them for ever, and under
    pyinfra a read that waits would hold up every other host.
    """
    end = time.monotonic() + SECONDS
    pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
    taken = [bytearray() for _ in pipes]
    for pipe in pipes:
        os.set_blocking(pipe.fileno(), False)
    code: int | None = None
    while code is None and time.monotonic() < end and len(taken[0]) <= LONGEST:
        code = process.poll()  # before the reading: what it printed last is then there
        for pipe, into in zip(pipes, taken, strict=True):
            _read(pipe.fileno(), into)
        if code is None:
            time.sleep(_LOOK_SECONDS)
    if code is None:
        process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        code = 0 if len(taken[0]) > LONGEST else None
    for pipe in pipes:
        pipe.close()
    return bytes(taken[0]), bytes(taken[1]), code


def _read(handle: int, into: bytearray) -> None:
    with suppress(BlockingIOError):
        for _ in range(_READS):
            if not (some := os.read(handle, 4096)):
                return
            into += some[: LONGEST + 1 - len(into)]  # the rest is thrown away, not left to block


def _said(told: bytes, out: bytes) -> str:
    """The first lines that the program complained with, unless a secret may be among them."""
    text = told.decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()][:_LINES]
    words = out.decode("utf-8", "replace").split()
    shown = [
        "(a line that may hold a secret)"
        if may_be_secret(_RECIPIENT.sub("", line))
        or any(len(word) > 3 and word in line for word in words)
        else "".join(each if each.isprintable() else "?" for each in line)[:_COLUMNS]
        for line in lines
    ]
    return "".join(f"\n       {line}" for line in shown)
