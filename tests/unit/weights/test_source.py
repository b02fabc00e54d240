"""Sources of weights are read and printed alike, and a wrong one says what was expected."""

from __future__ import annotations

import pytest

from firstlight.weights.source import EXAMPLES, Source, SourceError

COMMIT, SUM = "a" * 40, "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("text", "scheme", "location", "revision", "folder"),
    [
        (f"hf://Qwen/Qwen3-8B@{COMMIT}", "hf", "Qwen/Qwen3-8B", COMMIT, False),
        (f"ollama://qwen3:8b@{SUM}", "ollama", "qwen3:8b", SUM, False),
        (f"ollama://team/qwen3@{SUM}", "ollama", "team/qwen3", SUM, False),
        (f"https://h.example:8443/a/b/@{SUM}", "https", "h.example:8443/a/b/", SUM, True),
        (f"https://h/a.gguf?x=1@{SUM}", "https", "h/a.gguf?x=1", SUM, False),
        (f"http://[::1]:80/a.gguf@{SUM}", "http", "[::1]:80/a.gguf", SUM, False),
        (f"s3://models/a/b/?region=auto@{SUM}", "s3", "models/a/b/?region=auto", SUM, True),
        (f"file:///mnt/usb/q@4/x.gguf@{SUM}", "file", "/mnt/usb/q@4/x.gguf", SUM, False),
    ],
)
def test_read_and_printed(
    text: str, scheme: str, location: str, revision: str, folder: bool
) -> None:
    source = Source.parse(text)
    assert (source.scheme, source.location, source.revision) == (scheme, location, revision)
    assert (str(source), source.pinned, source.is_folder) == (text, True, folder)


@pytest.mark.parametrize(
    ("text", "revision"),
    [("hf://o/n", ""), ("hf://o/n@main", "main"), ("hf://o/n@v1/x", "v1/x"), ("ollama://q:8b", "")],
)
def test_not_pinned_yet(text: str, revision: str) -> None:
    source = Source.parse(text)
    assert (source.revision, source.pinned, source.digest) == (revision, False, "")
    pinned = COMMIT if source.scheme == "hf" else SUM
    assert str(source.at(pinned)) == f"{text.partition('@')[0]}@{pinned}"
    assert source.at(pinned).pinned


@pytest.mark.parametrize(
    "text",
    [
        "", "hf://", "Qwen/Qwen3-8B", "hf:Qwen/Qwen3-8B", f"ftp://h/x@{SUM}", f"hf://n@{COMMIT}",
        "hf://o/n.git", "hf://../n", f"hf://o/n/x@{COMMIT}", "hf://o/n@", f"ollama://q@{COMMIT}",
        f"ollama://q:@{SUM}", f"ollama://a/b/c@{SUM}", f"https://h@{SUM}", "https://h/x@main",
        f"https://h/../x@{SUM}", f"https://u:p@h/x@{SUM}", f"https://h/x#y@{SUM}",
        f"https://h/x y@{SUM}", f"s3://b@{SUM}", f"s3://B/x@{SUM}", f"s3://b1/x?a=b@{SUM}",
        f"file://x@{SUM}", f"file:///@{SUM}", f"file:////x@{SUM}", f"file:///a/../b@{SUM}",
        f"file:///x@{SUM.upper()}", f"hf://o/n\n@{COMMIT}", f"ollama://q@{SUM}\n",
    ],
)  # fmt: skip
def test_what_is_no_source_says_what_is(text: str) -> None:
    with pytest.raises(SourceError) as refusal:
        Source.parse(text)
    scheme = text.partition("://")[0]
    assert EXAMPLES.get(scheme, EXAMPLES["hf"]) in str(refusal.value)


def test_an_example_is_one() -> None:
    for text in EXAMPLES.values():
        shown = text.replace("COMMIT", COMMIT).replace("sha256:…", SUM)
        assert Source.parse(shown).pinned, text
