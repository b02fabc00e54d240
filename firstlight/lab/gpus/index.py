"""A flat repository's index files, and their signatures by a key of the lab."""

from __future__ import annotations

import gzip
import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from firstlight.lab.command import run

GPG_SECONDS = 60


@dataclass(frozen=True)
class Key:
    """A signing key in a gpg home that lasts for a moment; ``public`` is its armored public part."""

    home: Path
    fingerprint: str
    public: str

    def sign(self, folder: Path) -> None:
        """Sign ``folder``/Release: within (InRelease) and beside (Release.gpg)."""
        gpg = ("gpg", "--homedir", str(self.home), "--batch", "--yes", "--digest-algo", "SHA512")
        release = str(folder / "Release")
        run(*gpg, "--output", str(folder / "InRelease"), "--clearsign", release)
        run(*gpg, "--armor", "--output", str(folder / "Release.gpg"), "--detach-sign", release)


@contextmanager
def key(name: str, kept: Path | None = None) -> Iterator[Key]:
    """The key of ``name`` while the context lasts.

    Its secret part is ``kept`` in a file, so that hosts go on trusting an archive that was built
    anew; without a file it is another key every time.
    """
    with tempfile.TemporaryDirectory(prefix="firstlight-gpg-") as folder:
        quiet = ("--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
        gpg = ("gpg", "--homedir", folder, *quiet)
        try:
            if kept is not None and kept.is_file():
                run(*gpg, "--import", str(kept), timeout=GPG_SECONDS)
            else:
                make = ("--quick-generate-key", name, "ed25519", "sign", "never")
                run(*gpg, *make, timeout=GPG_SECONDS)
            if kept is not None and not kept.is_file():
                kept.parent.mkdir(mode=0o700, exist_ok=True)
                kept.touch(0o600)
                kept.write_text(run(*gpg, "--armor", "--export-secret-keys"), encoding="ascii")
            listed = run(*gpg, "--with-colons", "--list-keys")
            match = re.search(r"^fpr:+([0-9A-F]{40}):", listed, re.MULTILINE)
            assert match is not None, listed
            yield Key(Path(folder), match[1], run(*gpg, "--armor", "--export"))
        finally:
            # Its agent would notice the missing folder only after a while.
            run("gpgconf", "--homedir", folder, "--kill", "all", timeout=GPG_SECONDS)


@cache
def built() -> str:
    """The date of all that one process writes, as a Release file has it.

    apt keeps what it knows of a repository that answers with an older date: one that is put back
    after a newer variant of it must not look a second older.
    """
    return datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S UTC")


def write(folder: Path, stanzas: list[str], label: str) -> None:
    """Write Packages, Packages.gz and Release for packages that lie in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    packages = "\n".join(stanzas).encode()
    files = {"Packages": packages, "Packages.gz": gzip.compress(packages, mtime=0)}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    sums = "".join(
        f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}\n" for name, data in files.items()
    )
    (folder / "Release").write_text(
        f"Origin: {label}\nLabel: {label} SIMULATED\nDate: {built()}\n"
        f"Description: SIMULATED, made by firstlight's lab\nSHA256:\n{sums}",
        encoding="utf-8",
    )
