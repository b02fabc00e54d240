"""The program that sets, at every boot, what a GPU forgets: run against a stub of nvidia-smi."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firstlight.rendering import TEMPLATES
from tests.stubs import Stubs

PROGRAM = TEMPLATES / "usr/local/lib/firstlight/gpu-settings"
# Two GPUs; mode and instances of each in files of the test's folder.
SMI = r"""
cd {folder}
case "$*" in
  "--query-gpu=index --format=csv,noheader") printf '0\n1\n' ;;
  *mig.mode.current*) cat mode$2 2>/dev/null || echo Disabled ;;
  "-i 0 -L"|"-i 1 -L") echo "GPU $2: card"; sed 's/.*/  MIG &     Device  0: (UUID: MIG-x)/' mig$2 2>/dev/null ;;
  *" -mig 1") [ -e busy ] && exit 0; echo Enabled >mode$2 ;;
  *" -mig 0") echo Disabled >mode$2; rm -f mig$2 ;;
  "mig -i "*" -cgi "*) echo "$5" | tr ',' '\n' >mig$3 ;;
  "mig -i "*" -dgi") rm -f mig$3 ;;
  *" -pl "*) [ "$4" -le 450 ] || {{ echo "out of range" >&2; exit 1; }} ;;
esac
"""


def run(stubs: Stubs, tmp_path: Path, settings: str) -> subprocess.CompletedProcess[str]:
    stubs.forget()
    stubs.add("nvidia-ctk")
    stubs.add("nvidia-smi", SMI.format(folder=tmp_path))
    (tmp_path / "settings").write_text(settings)
    return subprocess.run(
        ["sh", str(PROGRAM), str(tmp_path / "settings")],
        env=stubs.env, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def changes(stubs: Stubs) -> list[str]:
    calls = [call.removeprefix("nvidia-smi ") for call in stubs.calls("nvidia-smi")]
    idle = ("-L", "-pm 1")
    return [call for call in calls if "query" not in call and not call.endswith(idle)]


def test_device_links_are_always_made(stubs: Stubs, tmp_path: Path) -> None:
    assert run(stubs, tmp_path, "").returncode == 0
    assert stubs.calls("nvidia-ctk") == ["nvidia-ctk system create-dev-char-symlinks --create-all"]
    assert changes(stubs) == []


def test_what_fails_does_not_keep_the_rest_from_being_set(stubs: Stubs, tmp_path: Path) -> None:
    stubs.add("nvidia-smi", SMI.format(folder=tmp_path))
    (tmp_path / "settings").write_text("power_limit 300\n")
    stubs.add("nvidia-ctk", "exit 1")
    done = subprocess.run(
        ["sh", str(PROGRAM), str(tmp_path / "settings")],
        env=stubs.env, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode != 0 and "device links" in done.stderr
    assert changes(stubs) == ["-i 0 -pl 300", "-i 1 -pl 300"]
    assert "nvidia-smi -pm 1" in stubs.calls()


def test_a_power_limit_is_set_on_every_gpu(stubs: Stubs, tmp_path: Path) -> None:
    assert run(stubs, tmp_path, "power_limit 300\n").returncode == 0
    assert changes(stubs) == ["-i 0 -pl 300", "-i 1 -pl 300"]


def test_a_power_limit_out_of_range_fails(stubs: Stubs, tmp_path: Path) -> None:
    done = run(stubs, tmp_path, "power_limit 900\n")
    assert done.returncode != 0 and "out of range" in done.stderr


def test_gpus_are_divided_once(stubs: Stubs, tmp_path: Path) -> None:
    declared = "mig all 1g.10gb 2\nmig 1 2g.20gb 1\n"
    assert run(stubs, tmp_path, declared).returncode == 0
    assert (tmp_path / "mig0").read_text().split() == ["1g.10gb"] * 2
    assert (tmp_path / "mig1").read_text().split() == ["1g.10gb", "1g.10gb", "2g.20gb"]
    assert run(stubs, tmp_path, declared).returncode == 0
    assert changes(stubs) == []


def test_another_division_takes_the_place_of_the_old_one(stubs: Stubs, tmp_path: Path) -> None:
    run(stubs, tmp_path, "mig all 1g.10gb 7\n")
    assert run(stubs, tmp_path, "mig 0 3g.40gb 2\n").returncode == 0
    assert (tmp_path / "mig0").read_text().split() == ["3g.40gb", "3g.40gb"]
    # GPU 1 is not named: it is whole again.
    assert (tmp_path / "mode1").read_text().strip() == "Disabled"
    assert not (tmp_path / "mig1").exists()


def test_mig_is_switched_off(stubs: Stubs, tmp_path: Path) -> None:
    run(stubs, tmp_path, "mig all 1g.10gb 7\n")
    assert run(stubs, tmp_path, "mig off\n").returncode == 0
    assert [(tmp_path / f"mode{gpu}").read_text().strip() for gpu in (0, 1)] == ["Disabled"] * 2


@pytest.mark.parametrize("settings", ["mig all 1g.10gb 7\n"])
def test_a_gpu_in_use_cannot_be_divided(stubs: Stubs, tmp_path: Path, settings: str) -> None:
    (tmp_path / "busy").touch()
    done = run(stubs, tmp_path, settings)
    assert done.returncode != 0 and "GPU 0" in done.stderr and "reset" in done.stderr
    assert not any("-cgi" in call for call in changes(stubs))


def test_nvidias_own_program_divides_where_it_is_installed(stubs: Stubs, tmp_path: Path) -> None:
    (tmp_path / "mig.yaml").touch()
    stubs.add("nvidia-mig-parted")
    assert run(stubs, tmp_path, "mig all 1g.10gb 7\npower_limit 300\n").returncode == 0
    (call,) = stubs.calls("nvidia-mig-parted")
    assert call.endswith(f"apply --config-file {tmp_path}/mig.yaml --selected-config firstlight")
    assert changes(stubs) == ["-i 0 -pl 300", "-i 1 -pl 300"]
