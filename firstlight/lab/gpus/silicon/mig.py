"""`nvidia-smi mig`: GPU and compute instances, listed, made and taken away."""

from __future__ import annotations

import hashlib
from typing import Any

from . import board, nodes, table
from .controls import INSUFFICIENT, NOT_FOUND, RefusedError, chosen, loaded

COMPUTE_PARTS, MEMORY_PARTS = 7, 8
FIRST_INSTANCE = 1
CAPS_PER_GPU = 16


def run(which: str, words: list[str]) -> int:
    """The words after ``mig``; the exit code."""
    known = loaded()
    if "-i" in words:
        at = words.index("-i")
        which, words = words[at + 1], words[:at] + words[at + 2 :]
    gpus = [gpu for gpu in chosen(known, which) if gpu.mig == "Enabled"]
    if not gpus:
        raise RefusedError("No MIG-enabled devices found.", NOT_FOUND)
    verb, rest = (words[0], words[1:]) if words else ("-lgi", [])
    for gpu in gpus:
        if verb == "-lgip":
            _profiles(known, gpu)
        elif verb in ("-lgi", "-lci"):
            _instances(known, gpu, verb)
        elif verb == "-cgi":
            _create(known, gpu, rest)
        elif verb == "-cci":
            _compute(known, gpu)
        elif verb in ("-dci", "-dgi"):
            _destroy(known, gpu, verb)
        else:
            raise RefusedError(f"ERROR: Option {verb} is not recognized.", 2)
    table.save(known)
    return 0


def profiles_of(gpu: table.Gpu) -> list[dict[str, Any]]:
    """The profiles that this card has."""
    described = next(each for each in board.read()["gpus"] if each["uuid"] == gpu.uuid)
    return list(described["profiles"])


def free(known: table.Table, gpu: table.Gpu) -> tuple[int, int]:
    """Compute and memory parts of a GPU that no instance has."""
    sizes = {each["name"]: each for each in profiles_of(gpu)}
    used = [sizes[mig.profile] for mig in known.of(gpu.index)]
    compute = COMPUTE_PARTS - sum(each["compute"] for each in used)
    return compute, MEMORY_PARTS - sum(each["memory"] for each in used)


def room(known: table.Table, gpu: table.Gpu, profile: dict[str, Any]) -> int:
    """How many more instances of a profile fit."""
    compute, memory = free(known, gpu)
    return min(compute // int(profile["compute"]), memory // int(profile["memory"]))


def _profiles(known: table.Table, gpu: table.Gpu) -> None:
    print("| GPU instance profiles (SIMULATED):")
    print("| GPU   Name             ID    Instances   Memory")
    print("|                              Free/Total   GiB")
    for each in profiles_of(gpu):
        most = min(COMPUTE_PARTS // each["compute"], MEMORY_PARTS // each["memory"])
        print(
            f"|   {gpu.index}  MIG {each['name']:<12} {each['number']:>3}"
            f"     {room(known, gpu, each)}/{most}        {each['mib'] / 1024:.2f}"
        )


def _instances(known: table.Table, gpu: table.Gpu, verb: str) -> None:
    found = [mig for mig in known.of(gpu.index) if verb == "-lgi" or mig.compute >= 0]
    if not found:
        what = "GPU" if verb == "-lgi" else "compute"
        raise RefusedError(f"No {what} instances found: Not Found", NOT_FOUND)
    numbers = {each["name"]: each["number"] for each in profiles_of(gpu)}
    print("| GPU instances (SIMULATED):")
    print("| GPU   Name             Profile  Instance")
    print("|                          ID       ID")
    for mig in found:
        number = numbers[mig.profile]
        print(f"|   {gpu.index}  MIG {mig.profile:<12} {number:>5} {mig.instance:>8}")


def _create(known: table.Table, gpu: table.Gpu, rest: list[str]) -> None:
    if not rest:
        raise RefusedError("ERROR: Option -cgi needs profiles.", 2)
    for word in rest[0].split(","):
        match = [each for each in profiles_of(gpu) if word in (each["name"], str(each["number"]))]
        if not match:
            raise RefusedError(
                f"Unable to create a GPU instance using profile {word}: Invalid Argument", 2
            )
        (profile,) = match
        where = (
            f"on GPU {gpu.index:>2} using profile MIG {profile['name']} (ID {profile['number']:>2})"
        )
        if room(known, gpu, profile) < 1:
            table.save(known)
            raise RefusedError(
                f"Unable to create a GPU instance {where}: Insufficient Resources\n"
                "Failed to create GPU instances: Insufficient Resources",
                INSUFFICIENT,
            )
        taken = {mig.instance for mig in known.of(gpu.index)}
        number = next(n for n in range(FIRST_INSTANCE, 99) if n not in taken)
        digest = hashlib.sha256(f"{gpu.uuid}/{number}/{profile['name']}".encode()).hexdigest()
        known.migs.append(
            table.Mig(
                gpu.index,
                number,
                -1,
                f"MIG-{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}",
                gpu.index * CAPS_PER_GPU + number,
                profile["name"],
                profile["mib"],
            )
        )
        print(f"Successfully created GPU instance ID {number:>2} {where}")
    if "-C" in rest:
        _compute(known, gpu)


def _compute(known: table.Table, gpu: table.Gpu) -> None:
    """One compute instance in each GPU instance that has none."""
    for mig in known.of(gpu.index):
        if mig.compute < 0:
            mig.compute = 0
            nodes.node(nodes.cap(mig.cap), nodes.CAPS_MAJOR, mig.cap)
            print(
                f"Successfully created compute instance ID  0 on GPU {gpu.index:>2} "
                f"GPU instance ID {mig.instance:>2} using profile MIG {mig.profile} (ID  0)"
            )


def _destroy(known: table.Table, gpu: table.Gpu, verb: str) -> None:
    found = [mig for mig in known.of(gpu.index) if verb == "-dgi" or mig.compute >= 0]
    if not found:
        what = "GPU" if verb == "-dgi" else "compute"
        raise RefusedError(f"No {what} instances found: Not Found", NOT_FOUND)
    for mig in found:
        where = f"GPU {gpu.index:>2} GPU instance ID {mig.instance:>2}"
        if verb == "-dci":
            mig.compute = -1
            nodes.cap(mig.cap).unlink(missing_ok=True)
            print(f"Successfully destroyed compute instance ID  0 from {where}")
        elif mig.compute >= 0:
            raise RefusedError(
                f"Unable to destroy GPU instance ID {mig.instance:>2} from GPU {gpu.index:>2}: "
                "In use by another client",
                INSUFFICIENT,
            )
        else:
            known.migs.remove(mig)
            print(
                f"Successfully destroyed GPU instance ID {mig.instance:>2} from GPU {gpu.index:>2}"
            )
