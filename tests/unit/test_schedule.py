"""How tests are spread over workers: that of the whole suite, and what a run of xdist does."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

from tests import schedule

ROOT = Path(__file__).resolve().parents[2]


def test_files_with_gpus_run_on_one_worker_and_others_by_themselves() -> None:
    names = [f"tests/lab/test_gpu_{name}.py::test_a[x::y]" for name in ("board", "kept")]
    assert len({schedule.group(name) for name in names}) == 1
    assert schedule.group("tests/lab/test_edge.py::test_a") == "tests/lab/test_edge.py"
    assert schedule.group("tests/unit/test_gpu_x.py::test_a") == "tests/unit/test_gpu_x.py"


def test_every_pattern_means_a_file_and_no_group_is_torn() -> None:
    """A group is begun where its first test stands: what comes between would wait for nothing."""
    for pattern in (*schedule.FIRST, *(name for group in schedule.TOGETHER for name in group)):
        assert list(ROOT.glob(pattern)), pattern
    found = [str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py")]
    groups = [schedule.group(name) for name in sorted(found, key=lambda n: (schedule.place(n), n))]
    changes = sum(one != other for one, other in itertools.pairwise(groups))
    assert changes + 1 == len(set(groups))


def test_lab_tests_come_before_those_without_a_host() -> None:
    assert schedule.place("tests/lab/test_gpu_used.py::test_a") == 0
    assert schedule.place("tests/lab/test_new.py") < schedule.place("tests/unit/test_keys.py")
    names = [f"tests/lab/switching/test_{name}.py" for name in ("engines", "vllm")]
    assert len({schedule.group(name) for name in names}) == 1


def test_xdist_hands_out_in_this_order(tmp_path: Path) -> None:
    """By itself xdist begins with the file that has most tests."""
    lab, unit = tmp_path / "tests/lab", tmp_path / "tests/unit"
    for folder in (lab, unit):
        folder.mkdir(parents=True)
    (lab / "test_gpu_a.py").write_text("def test_a():\n    pass\n")
    (lab / "test_gpu_b.py").write_text("def test_b():\n    pass\n")
    many = "".join(f"def test_{n}():\n    pass\n" for n in range(20))
    (unit / "test_many.py").write_text(many)
    (tmp_path / "conftest.py").write_text(
        "from tests import schedule\n"
        "def pytest_collection_modifyitems(items):\n"
        "    items.sort(key=lambda item: schedule.place(item.nodeid))\n"
        "def pytest_xdist_make_scheduler(config, log):\n"
        "    return schedule.scheduler(config, log)\n"
    )
    (tmp_path / "tests/__init__.py").write_text(f"__path__.append({str(ROOT / 'tests')!r})\n")
    words = ["-n", "1", "--dist", "loadfile", "-v", "-p", "no:cacheprovider", "--rootdir", "."]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if "PASSED" in line]
    assert len(lines) == 22, done.stdout
    assert "test_gpu_a" in lines[0] and "test_gpu_b" in lines[1], done.stdout
