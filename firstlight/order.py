"""The order of operations as pyinfra finds it, without reading the source of every frame for it.

pyinfra asks for it once an operation, by way of the source of all the frames below: 9 ms each,
a quarter of a second in a run that changes nothing.
"""

from __future__ import annotations

import sys
from types import FrameType

import pyinfra
from pyinfra.api import State
from pyinfra.api.util import PYINFRA_INSTALL_DIR

MODULE, NAME = "pyinfra.api.operation", "get_operation_order_from_stack"


def order(state: State) -> list[int]:
    """Lines of the calls from the deploy's file on that lead here, outside of pyinfra itself."""
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        frames.insert(0, frame)
        frame = frame.f_back
    files = [each.f_code.co_filename for each in frames]
    deploy = state.current_deploy_filename
    first = files.index(deploy) if deploy in files else len(files) - 1 if deploy else 0
    lines = [
        each.f_lineno
        for each, file in zip(frames[first:], files[first:], strict=True)
        if not file.startswith(PYINFRA_INSTALL_DIR)
    ]
    return [state.current_op_file_number, *lines] if pyinfra.is_cli else lines


def install() -> None:
    """Have pyinfra ask here; where it asks by another name it goes on as it does."""
    asking = vars(sys.modules[MODULE])
    if NAME in asking:
        asking[NAME] = order
