"""Faults of SIMULATED GPUs while the host runs: an XID, a GPU that falls off the bus."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from . import board, bus, live, table
from .controls import RefusedError, chosen, loaded

JOURNAL = "/run/systemd/journal/socket"
OFF_THE_BUS = 79
# How the driver begins what it says of an XID; the numbers are NVIDIA's.
SAYS = {
    13: "pid=4711, name=python3, Graphics Exception: ESR 0x404490=0x80000001",
    31: "pid=4711, name=python3, Ch 00000008, MMU Fault: ENGINE GRAPHICS",
    48: "pid='<unknown>', name=<unknown>, DBE (double bit error) ECC Error",
    63: "pid='<unknown>', name=<unknown>, Row Remapper: new row marked for remapping",
    64: "pid='<unknown>', name=<unknown>, Row Remapper: remapping failed",
    74: "pid='<unknown>', name=<unknown>, NVLink: fatal error detected on link 0",
    OFF_THE_BUS: "GPU has fallen off the bus.",
    94: "pid=4711, name=python3, Contained: SM (0x1)",
    95: "pid='<unknown>', name=<unknown>, Uncontained: LTC TAG (0x2)",
    119: "pid=4711, name=python3, Timeout after 45s of waiting for RPC response from GPU0 GSP!",
    154: "GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)",
}


def run(verb: str, words: Sequence[str]) -> int:
    """`calm`, or another verb for GPUs by index, UUID or bus, or for `all`; the exit code."""
    known = loaded()
    if verb == "calm":
        calm(known)
        return 0
    which, *values = words
    for gpu in chosen(known, "" if which == "all" else which):
        if verb == "live":
            _moved(gpu, values)
        elif verb == "xid":
            xid(gpu, int(values[0]))
        else:
            fall(gpu, pulled=verb == "pull")
    return 0


def _moved(gpu: table.Gpu, words: Sequence[str]) -> None:
    try:
        live.move(gpu.index, words)
    except ValueError as error:
        raise RefusedError(f"SIMULATED GPU {gpu.index}: {error}", 2) from error


def xid(gpu: table.Gpu, number: int) -> None:
    """Say an XID in the kernel's words, and count it."""
    live.strike(gpu.index, number)
    where = gpu.bus.lower().removeprefix("0000").rpartition(".")[0]
    said = SAYS.get(number, "pid='<unknown>', name=<unknown>")
    log(f"NVRM: Xid (PCI:{where}): {number}, {said} (SIMULATED)")


def fall(gpu: table.Gpu, *, pulled: bool) -> None:
    """Let a GPU fall off the bus; with ``pulled`` its functions are not seen there any more."""
    xid(gpu, OFF_THE_BUS)
    live.move(gpu.index, ["lost=yes"])
    if pulled:
        for folder in bus.TREE.glob(f"{gpu.bus.lower().removeprefix('0000')[:-1]}*"):
            # By hand: the smallest Python has no shutil.
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()


def calm(known: table.Table) -> None:
    """Have everything as after a boot: no GPU lost that was not lost then, all of them idle."""
    live.rest(gpu.lost == "yes" for gpu in known.gpus)
    bus.lay_out(board.functions(board.read()), "nvidia")


def log(text: str) -> None:
    """A line of the kernel's. Guests have no log of a kernel of their own: it goes to the journal."""
    fields = {
        "MESSAGE": text,
        "PRIORITY": "3",
        "SYSLOG_FACILITY": "0",
        "SYSLOG_IDENTIFIER": "kernel",
    }
    message = "".join(f"{key}={value}\n" for key, value in fields.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.sendto(message.encode(), JOURNAL)
