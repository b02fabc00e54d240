"""What has changed between two sections of a lock, one line for each change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firstlight.lock.section import Section, Weights

_NAMED_FILES = 3
NONE = "(none)"


def differences(before: Section, after: Section) -> list[str]:
    """Return the changes as lines, sorted: images, weights, packages."""
    return [
        *_plain("image", before.images, after.images),
        *_weights(before.weights, after.weights),
        *_plain("package", before.packages, after.packages),
    ]


def _plain(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield f"{kind} {name}: {_short(old)} → {_short(new)}"


def _weights(before: Mapping[str, Weights], after: Mapping[str, Weights]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        line = f"weights {name}: {_revision(old)} → {_revision(new)}"
        yield line + (f" ({_content(old, new)})" if new else "")


def _content(old: Weights | None, new: Weights) -> str:
    """How many files, how large, and which of them are others than before."""
    count = len(new.files)
    text = f"{count} {'file' if count == 1 else 'files'}, {size(new.bytes)}"
    if old is None or new.revision.startswith("sha256:"):
        return text  # blobs of an Ollama model have no names but their digests
    changed = [path for path, file in sorted(new.files.items()) if old.files.get(path) != file]
    gone = sorted({*old.files} - {*new.files})
    for word, paths in (("changed", changed), ("gone", gone)):
        if paths:
            more = len(paths) - _NAMED_FILES
            named = ", ".join(paths[:_NAMED_FILES]) + (f" and {more} more" if more > 0 else "")
            text += f"; {word}: {named}"
    return text


def size(count: int) -> str:
    """A number of bytes for people, in decimal units as disks and hubs use them."""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.95 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{count} B" if units[0] == "B" else f"{value:.1f} {units[0]}"


def _revision(weights: Weights | None) -> str:
    return _short(weights.revision if weights else None)


def _short(text: str | None) -> str:
    """A digest or commit by its start; versions and other short texts as they are."""
    if not text:
        return NONE
    kind, found, rest = text.partition(":")
    if found and len(rest) > 12:
        return f"{kind}:{rest[:12]}…"
    return text if len(text) < 40 else f"{text[:12]}…"
