"""Whatever stands in an inventory, a lock makes nothing of it but settings or their mistakes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstlight.lock.pins import Pins
from firstlight.lock.section import File, Section, Weights
from firstlight.settings import SettingsError, load_site

JUNK = st.recursive(
    st.sampled_from(
        [None, 7, "", "main", "a/b", "a/b:v1", "hf://a/b", "s3://x/a", "file:///\u200b"]
    )
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["weights", "repo", "draft", "method", "branch"]), inner)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["name", "engine", "repo", "revision", "weights", "image", "lora", "speculative", "sha256",
     "include", "file", "bytes", "hub"]
)  # fmt: skip
FILES = {path: File(bytes=9, sum="sha256:" + "e" * 64) for path in ("a.gguf", "b.json")}
SECTION = Section(
    images={"docker.io/a/b:v1": "sha256:" + "d" * 64},
    weights={"hf://a/b": Weights(revision="1" * 40, files=FILES)},
)
LOCK = Pins(SECTION, Path("prod.py"), Path("firstlight.lock"))


# Most of them with weights that the lock knows, so that its files meet the junk beside them.
RIGHT = st.sampled_from([{"repo": "a/b"}, {"weights": "hf://a/b"}, {}])
MODEL = st.builds(lambda junk, right: {**junk, **right}, st.dictionaries(KEYS, JUNK), RIGHT)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(models=st.lists(MODEL, max_size=2) | JUNK, nvidia=JUNK)
def test_junk_is_a_settings_error_and_nothing_else(
    models: object, nvidia: object, tmp_path: Path
) -> None:
    host = {"domain": "x.example", "models": models, "nvidia": nvidia}
    try:
        load_site({"gpu1": (host, [])}, tmp_path, LOCK)
    except SettingsError as error:
        assert all(line.isprintable() for line in str(error).splitlines())
