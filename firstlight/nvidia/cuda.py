"""Which CUDA an engine's image asks of the driver: the words of NVIDIA_REQUIRE_CUDA.

Alternatives are separated by spaces, conditions that hold together by commas:
``cuda>=13.1 brand=tesla,driver>=580,driver<581``. The second kind is forward compatibility: on
data-centre cards an image brings a newer CUDA's libraries for an older driver along.
"""

from __future__ import annotations

import operator
import re

VARIABLE = "NVIDIA_REQUIRE_CUDA"
CONDITION = re.compile(r"(cuda|driver|brand)(>=|<=|<|>|=)([\w.]+)")
COMPARE = {
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
# Brands whose forward compatibility does not exist.
CONSUMER = {"geforce", "geforcertx", "titan", "titanrtx"}


def needed(text: str, branch: int, data_centre: bool) -> str:
    """Return the CUDA version that ``text`` asks for; empty if a driver of ``branch`` always does.

    ``data_centre`` is whether all the host's cards are of that class.
    """
    least = ""
    for alternative in text.split():
        conditions = CONDITION.findall(alternative)
        cuda = [version for key, sign, version in conditions if (key, sign) == ("cuda", ">=")]
        if cuda:
            least = min(filter(None, (least, cuda[0])), key=number)
        elif data_centre and compatible(conditions, branch):
            return ""
    return least


def compatible(conditions: list[tuple[str, str, str]], branch: int) -> bool:
    """Tell whether a driver of ``branch`` meets the conditions of one alternative."""
    brands = {version for key, _, version in conditions if key == "brand"}
    drivers = [(sign, number(version)) for key, sign, version in conditions if key == "driver"]
    met = all(COMPARE[sign]((branch,), version[:1]) for sign, version in drivers)
    return bool(drivers) and met and not brands & CONSUMER


def number(version: str) -> tuple[int, ...]:
    """Return ``12.8`` as (12, 8), to be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version))
