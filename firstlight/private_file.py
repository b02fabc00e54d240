"""Files on the control machine that only their owner may read, written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firstlight.errors import FirstlightError

_LOCK_WAIT = 30.0
"""How long to wait for another process that writes into the same folder, in seconds."""


def private_folder(path: Path) -> Path:
    """Make ``path`` and its missing parents, each 0700 from the start, and return it.

    Raises :class:`FirstlightError` where it cannot be made.
    """
    try:
        missing = [each for each in (path, *path.parents) if not each.exists()]
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
            _give_to_invoker(each)
    except OSError as error:
        raise _failed("the folder cannot be made", path, error) from None
    if not path.is_dir():
        raise FirstlightError("this should be a folder", where=str(path), fix="move it away")
    return path


def write_private(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write ``content`` to ``path``: created with ``mode``, synced, renamed in place.

    A reader sees the old file or the new one, and after a crash one of the two is there.
    Raises :class:`FirstlightError` where it cannot be written.
    """
    folder = private_folder(path.parent)
    draft = folder / f".{path.name}.{secrets.token_hex(6)}"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                _give_to_invoker(handle)
                os.fsync(handle)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _sync_folder(folder)
    except OSError as error:
        raise _failed("the file cannot be written", path, error) from None


def read_private(path: Path, what: str, fix: str) -> bytes:
    """The content of ``path``, refused if anyone but its owner may read it.

    ``what`` names the file in errors, ``fix`` says how to get one. Raises
    :class:`FirstlightError` where it is missing, too open, or not a plain file.
    """
    try:
        # Without O_NONBLOCK a named pipe in its place would make this wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise FirstlightError(f"{what} is missing", where=str(path), fix=fix) from None
    except OSError as error:
        raise _failed(f"{what} cannot be read", path, error) from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise FirstlightError(f"{what} is not a plain file", where=str(path), fix=fix)
        if mode & 0o077:
            raise FirstlightError(
                f"{what} can be read by others",
                where=str(path),
                why=f"its mode is {stat.S_IMODE(mode):04o}",
                fix=f"chmod 600 '{path}', and replace what it holds if others use this machine",
            )
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` alone among firstlight's processes, waiting at most 30 seconds for it."""
    private_folder(folder)
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _failed("the folder cannot be read", folder, error) from None
    try:
        deadline = time.monotonic() + _LOCK_WAIT
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise FirstlightError(
                        "another firstlight is still writing here",
                        where=str(folder),
                        why=f"waited {_LOCK_WAIT:.0f} s for its lock",
                        fix="let it end, then run this again",
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def _give_to_invoker(target: Path | int) -> None:
    """Under sudo, what is written into a checkout belongs to the person who called sudo."""
    user, group = os.environ.get("SUDO_UID", ""), os.environ.get("SUDO_GID", "")
    if os.geteuid() == 0 and user.isdecimal() and group.isdecimal():
        os.chown(target, int(user), int(group))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _failed(what: str, path: Path, error: OSError) -> FirstlightError:
    return FirstlightError(
        what, where=str(path), why=error.strerror or str(error), fix="check its owner and space"
    )
