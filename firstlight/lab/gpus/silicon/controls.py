"""Settings of the SIMULATED GPUs that nvidia-smi changes: persistence, power limit, MIG mode."""

from __future__ import annotations

from collections.abc import Callable

from . import table

NOT_FOUND, NOT_SUPPORTED, INSUFFICIENT = 6, 3, 19


class RefusedError(Exception):
    """What nvidia-smi says when it does not do something, and its exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def loaded() -> table.Table:
    """The table; without a driver nvidia-smi has given up before."""
    found = table.load()
    if found is None:
        raise RefusedError("Driver Not Loaded", 9)
    return found


def chosen(known: table.Table, which: str) -> list[table.Gpu]:
    """GPUs by ``-i``: indices or UUIDs with commas between them; all if it is empty."""
    if not which:
        return list(known.gpus)
    found = []
    for word in which.split(","):
        match = [gpu for gpu in known.gpus if word in (str(gpu.index), gpu.uuid, gpu.bus)]
        if not match:
            raise RefusedError("No devices were found", NOT_FOUND)
        found += match
    return found


def change(which: str, one: Callable[[table.Table, table.Gpu], str]) -> int:
    """Let ``one`` change each chosen GPU and say its line; the exit code."""
    known = loaded()
    for gpu in chosen(known, which):
        print(one(known, gpu))
    table.save(known)
    print("All done.")
    return 0


def persistence(which: str, value: str) -> int:
    """``-pm 0|1``."""
    word = "Enabled" if value in ("1", "ENABLED") else "Disabled"

    def one(known: table.Table, gpu: table.Gpu) -> str:
        before, gpu.persistence = gpu.persistence, word
        if before == word:
            return f"Persistence mode is already {word} for GPU {gpu.bus}."
        return f"{word} persistence mode for GPU {gpu.bus}."

    return change(which, one)


def power(which: str, value: str) -> int:
    """``-pl WATTS``."""

    def one(known: table.Table, gpu: table.Gpu) -> str:
        if not float(gpu.power_least) <= float(value) <= float(gpu.power_most):
            raise RefusedError(
                f"Provided power limit {float(value):.2f} W is not a valid power limit which should "
                f"be between {gpu.power_least} W and {gpu.power_most} W for GPU {gpu.bus}\n"
                "Terminating early due to previous errors.",
                2,
            )
        before, gpu.power = gpu.power, f"{float(value):.2f}"
        return f"Power limit for GPU {gpu.bus} was set to {gpu.power} W from {before} W."

    return change(which, one)


def mig_mode(which: str, value: str) -> int:
    """``-mig 0|1``; takes effect at once, as on Hopper and later, and not beyond a reboot."""
    word = "Enabled" if value == "1" else "Disabled"

    def one(known: table.Table, gpu: table.Gpu) -> str:
        if gpu.mig not in ("Enabled", "Disabled"):
            doing = word.lower().removesuffix("d")
            return (
                f"Unable to {doing} MIG Mode for GPU {gpu.bus}: Not Supported\n"
                "Treating as warning and moving on."
            )
        if gpu.mig != word:
            gpu.mig = word
            known.migs = [mig for mig in known.migs if mig.gpu != gpu.index]
        return f"{word} MIG Mode for GPU {gpu.bus}"

    return change(which, one)


def fabric(state: str, status: str) -> int:
    """What the fabric manager tells the GPUs that hang on NVSwitches."""
    known = loaded()
    for gpu in known.gpus:
        if gpu.fabric_state != "N/A":
            gpu.fabric_state, gpu.fabric_status = state, status
    table.save(known)
    return 0
