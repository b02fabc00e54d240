"""The lock as a file: what is written is what is read, and what is damaged says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstlight.errors import FirstlightError
from firstlight.lock.file import HEADER, parsed, read, text, write
from firstlight.lock.section import File, Lock, Section, Weights

DIGEST, COMMIT = "sha256:" + "a" * 64, "1" * 40
IMAGE, REPO = "docker.io/vllm/vllm-openai:v0.33.0", "hf://Qwen/Qwen3-8B"
SECTION = Section(
    images={IMAGE: DIGEST},
    weights={
        REPO: Weights(revision=COMMIT, files={"a.json": File(bytes=7, sum="git:" + "c" * 40)})
    },
    packages={"nvidia-driver-580": "580.178.04"},
)
LOCK = Lock(inventories={"prod.py": SECTION})
TEXT = f"""\
inventories:
  prod.py:
    images:
      {IMAGE}: {DIGEST}
    packages:
      nvidia-driver-580: 580.178.04
    weights:
      {REPO}:
        files:
          a.json: {{bytes: 7, sum: 'git:{"c" * 40}'}}
        revision: '{COMMIT}'
schema: 1
"""

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
DIGESTS = HEX.map("sha256:{}".format)
SUMS = st.one_of(DIGESTS, HEX.map(lambda text: f"git:{text[:40]}"))
FILES = st.builds(File, bytes=st.integers(0, 2**62), sum=SUMS)
WEIGHTS = st.builds(
    Weights,
    revision=st.one_of(DIGESTS, HEX.map(lambda text: text[:40])),
    files=st.dictionaries(NAMES, FILES, max_size=3),
)
SECTIONS = st.builds(
    Section,
    images=st.dictionaries(NAMES, DIGESTS, max_size=3),
    weights=st.dictionaries(NAMES, WEIGHTS, max_size=3),
    packages=st.dictionaries(NAMES, NAMES, max_size=3),
)
LOCKS = st.builds(Lock, inventories=st.dictionaries(NAMES, SECTIONS, max_size=3))


def test_the_text_is_sorted_and_says_who_writes_it() -> None:
    assert text(LOCK) == HEADER + TEXT
    assert "firstlight lock --update INVENTORY" in HEADER
    assert all(line.startswith("#") for line in HEADER.splitlines())


@settings(deadline=None, max_examples=50)
@given(LOCKS)
def test_what_is_written_is_what_is_read(lock: Lock) -> None:
    assert parsed(text(lock), "x") == lock


@settings(deadline=None, max_examples=50)
@given(LOCKS)
def test_the_order_in_which_a_lock_came_about_does_not_show(lock: Lock) -> None:
    backwards = {
        name: section.model_copy(update={"images": dict(reversed(section.images.items()))})
        for name, section in reversed(lock.inventories.items())
    }
    assert text(Lock(inventories=backwards)) == text(lock)


@settings(deadline=None, max_examples=50)
@given(LOCKS, NAMES, SECTIONS)
def test_one_inventory_never_changes_another(lock: Lock, name: str, section: Section) -> None:
    merged = parsed(text(lock.replaced(name, section)), "x")
    assert merged.section(name) == section
    for other in set(lock.inventories) - {name}:
        assert merged.section(other) == lock.section(other)


def test_an_empty_section_leaves_no_trace() -> None:
    assert LOCK.replaced("prod.py", Section()) == Lock()


def test_no_file_is_an_empty_lock(tmp_path: Path) -> None:
    assert read(tmp_path / "firstlight.lock") == Lock()


def test_it_is_written_for_everyone_to_read(tmp_path: Path) -> None:
    path = tmp_path / "firstlight.lock"
    write(path, Lock(inventories={"old.py": SECTION}))
    write(path, LOCK)
    assert read(path) == LOCK
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


DAMAGED: dict[str, tuple[str, str, str]] = {
    "cut off": (TEXT[:70], "damaged", "no `schema:`"),
    "empty": ("", "damaged", "no `schema:`"),
    "a merge gone wrong": (f"<<<<<<< ours\n{TEXT}", "damaged", "line"),
    "an entry twice": (
        TEXT.replace("    packages:", f"      {IMAGE}: {DIGEST}\n    packages:"),
        "damaged", f"line 5: {IMAGE} is there twice",
    ),
    "a newer schema": (TEXT.replace("schema: 1", "schema: 2"), "newer firstlight", "schema is 2"),
    "no number as schema": (TEXT.replace("schema: 1", "schema: one"), "damaged", "'one'"),
    "a tag as digest": (
        TEXT.replace(DIGEST, "v0.33.1"), "not what firstlight writes",
        f"inventories → prod.py → images → {IMAGE}: expected sha256: and 64 hex digits",
    ),
    "a branch as revision": (
        TEXT.replace(f"'{COMMIT}'", "main"), "not what firstlight writes",
        "revision: expected a commit of 40 hex digits",
    ),
    "a version that YAML takes for a number": (
        TEXT.replace("580.178.04", "580.178"), "not what firstlight writes",
        "nvidia-driver-580: input should be a valid string",
    ),
    "an unknown key": (
        TEXT.replace("packages:", "pakages:"), "not what firstlight writes", "pakages: extra inputs"
    ),
    "a negative size": (
        TEXT.replace("bytes: 7", "bytes: -7"), "not what firstlight writes", "greater than or equal"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGED)
def test_what_is_damaged_is_refused(tmp_path: Path, case: str) -> None:
    content, what, why = DAMAGED[case]
    path = tmp_path / "firstlight.lock"
    path.write_text(content)
    with pytest.raises(FirstlightError) as error:
        read(path)
    assert what in error.value.what and error.value.where == str(path)
    assert why in error.value.why
    assert "firstlight" in error.value.fix


@pytest.mark.parametrize("content", [b"\xff\xfe", b"schema: 1\nx: \x00"])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "firstlight.lock"
    path.write_bytes(content)
    with pytest.raises(FirstlightError):
        read(path)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FirstlightError, match="cannot be read"):
        read(tmp_path)
