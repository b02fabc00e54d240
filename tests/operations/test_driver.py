"""The driver in the kernel: built for this boot and the next, loaded, or a reboot that is allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api import FunctionCommand, StringCommand

from firstlight import adapter
from firstlight.facts.nvidia import NvidiaProbe
from firstlight.facts.reboot import RebootAsked
from firstlight.nvidia.state import NvidiaState
from firstlight.operations import driver
from firstlight.operations.driver import BUILD, LOAD, loaded
from tests.gpu import DECISION, DRIVER, KERNEL, NEXT, WORKING, state
from tests.operations.play import commands, converged, run
from tests.stubs import Stubs

BARE = state(loaded="", modules={}, gpus=(), smi_error="couldn't communicate")
BUILT = replace(BARE, modules=WORKING.modules)


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "ask", lambda *_: "boot-1")
    monkeypatch.setattr(adapter, "say", lambda _: None)


def seen(*states: NvidiaState, asked: tuple[str, str] = ("", "")) -> dict[type, Any]:
    """The states that the host is found in, one after the other; the last one stays."""
    left = list(states)
    return {
        NvidiaProbe: lambda: left.pop(0) if len(left) > 1 else left[0],
        RebootAsked: lambda path: asked,
    }


def steps(facts: dict[type, Any], policy: str = "auto", executing: bool = True) -> list[Any]:
    found, _ = commands(loaded, facts, executing, decision=DECISION, policy=policy, timeout=60)
    return found


def words(step: StringCommand) -> str:
    return step.get_raw_value()


def test_a_driver_that_runs() -> None:
    assert converged(loaded, seen(WORKING), decision=DECISION, policy="never", timeout=60)


def test_a_plan_of_a_bare_host_says_that_something_will_change() -> None:
    assert steps(seen(BARE), executing=False)


def test_a_module_that_can_be_loaded_needs_no_reboot() -> None:
    build, load = steps(seen(BARE, BUILT, WORKING))
    assert "dkms autoinstall" in words(build) and "modprobe nvidia" in words(load)


def test_a_module_that_cannot_be_loaded_takes_a_reboot() -> None:
    load, ask, wait, services = steps(seen(BUILT, BUILT, WORKING))
    assert "modprobe nvidia" in words(load) and "systemctl reboot" in words(ask)
    assert isinstance(wait, FunctionCommand) and wait.args == ("boot-1", 60)
    assert "services that ran before" in words(services)


def test_nouveau_is_not_fought_without_a_reboot() -> None:
    found = steps(seen(replace(BUILT, nouveau=True), WORKING))
    assert "modprobe" not in words(found[0]) and "systemctl reboot" in words(found[0])


def test_another_driver_than_the_loaded_one_takes_a_reboot() -> None:
    assert "systemctl reboot" in words(steps(seen(state(loaded="570.1"), WORKING))[0])


@pytest.mark.parametrize("policy", ["never", "ask"])
def test_a_reboot_that_is_not_allowed(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "agreed", lambda _: False)
    *_, refused = steps(seen(state(loaded="570.1")), policy)
    done = run(refused)
    assert done.returncode == 1
    for word in ("reboot needed", "570.1", DRIVER, "nvidia.reboot", "run again"):
        assert word in done.stderr
    assert "systemctl reboot" not in words(refused)


def test_the_operator_may_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    agree: Callable[[str], bool] = lambda question: not asked.append(question)  # type: ignore[func-returns-value]  # noqa: E731
    monkeypatch.setattr(adapter, "agreed", agree)
    assert "systemctl reboot" in words(steps(seen(state(loaded="570.1"), WORKING), "ask")[0])
    assert "gpu1" in asked[0] and "570.1" in asked[0]


def test_a_reboot_that_did_not_help_is_not_repeated() -> None:
    facts = seen(BUILT, asked=("boot-0", DRIVER))
    *_, refused = steps(facts)
    done = run(refused)
    assert "although the host was rebooted" in done.stderr and "gpu_rollback.py" in done.stderr
    # The same boot still: that reboot has not happened yet.
    again = steps(seen(BUILT, BUILT, WORKING, asked=("boot-1", DRIVER)))
    assert any("systemctl reboot" in words(s) for s in again if isinstance(s, StringCommand))


def test_a_host_that_comes_back_without_its_gpus() -> None:
    lame = state(gpus=(), smi_error="No devices were found", evidence=("NVRM: GPU has fallen off",))
    *_, failed = steps(seen(state(loaded="570.1"), lame))
    done = run(failed)
    assert done.returncode == 1
    assert "No devices were found" in done.stderr and "fallen off" in done.stderr


@pytest.fixture
def kernels(stubs: Stubs) -> Stubs:
    stubs.add("dkms", 'echo "dkms: building"')
    stubs.add("modinfo", f'[ "$2" = {NEXT} ] || echo {DRIVER}')
    return stubs


def test_a_kernel_that_stays_without_a_module_ends_the_run(kernels: Stubs) -> None:
    build = steps(seen(replace(BARE, modules={KERNEL: DRIVER})))[0]
    assert BUILD.strip()[:20] in words(build)
    done = run(build, kernels.env)
    assert done.returncode != 0
    assert kernels.calls("dkms") == [f"dkms autoinstall -k {NEXT}"]
    for word in (NEXT, "headers are missing", "not rebooted", driver.ROLLBACK):
        assert word in done.stderr


def test_a_signature_that_the_kernel_rejects_is_said_at_once(stubs: Stubs) -> None:
    stubs.add("modprobe", 'echo "could not insert: Key was rejected by service" >&2; exit 1')
    load = steps(seen(BUILT, BUILT, WORKING))[0]
    assert LOAD.strip()[:20] in words(load)
    done = run(load, stubs.env)
    assert done.returncode != 0 and "mokutil --import" in done.stderr


def test_any_other_refusal_leaves_the_reboot_to_mend_it(stubs: Stubs) -> None:
    stubs.add("modprobe", 'echo "loaded at boot only" >&2; exit 1')
    done = run(steps(seen(BUILT, BUILT, WORKING))[0], stubs.env)
    assert done.returncode == 0 and "loaded at boot only" in done.stdout
