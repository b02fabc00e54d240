"""The last combinations of kernel, driver and toolkit that were seen to work on a host."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from firstlight.nvidia.decision import Decision, Want
from firstlight.nvidia.packages import DRIVER, TOOLKIT
from firstlight.nvidia.state import NvidiaState

PATH = "/var/lib/firstlight/gpu/good.json"
SCHEMA = 1
# The present one and those before it that one may want to return to.
KEPT = 5


@dataclass(frozen=True)
class Good:
    """One combination that was proven. Versions are complete package versions by name."""

    kernel: str
    driver: str
    modules: str
    source: str
    toolkit: str
    fabric_manager: str
    packages: dict[str, str] = field(default_factory=dict)

    @property
    def branch(self) -> int:
        """The driver's branch: 580 for 580.178.04."""
        return int(self.driver.split(".", 1)[0])

    def __str__(self) -> str:
        fabric = f", fabric manager {self.fabric_manager}" if self.fabric_manager else ""
        return f"driver {self.driver} ({self.modules}){fabric}, toolkit {self.toolkit}, kernel {self.kernel}"


def good_of(state: NvidiaState, decision: Decision) -> Good:
    """Return the combination that runs on a host now."""
    return Good(
        kernel=state.kernel,
        driver=state.loaded,
        modules=state.loaded_modules or decision.modules,
        source=decision.source,
        toolkit=state.toolkit,
        fabric_manager=state.fabric.manager,
        packages=belonging(state),
    )


def belonging(state: NvidiaState) -> dict[str, str]:
    """Return the packages that make up driver and toolkit, not all that have nvidia in the name."""
    return {
        name: version
        for name, version in sorted(state.packages.items())
        if DRIVER.match(name) or name in TOOLKIT or "-driver-pinning-" in name
    }


def parsed(text: str | None) -> list[Good]:
    """Return the combinations in the file's ``text``, newest first; a torn file has none."""
    try:
        found = json.loads(text or "{}")
        return [Good(**each) for each in found["proven"]]
    except (ValueError, KeyError, TypeError):
        return []


def with_newest(newest: Good, before: list[Good]) -> list[Good]:
    """Return ``before`` with ``newest`` in front, which takes the place of the same packages.

    Another kernel alone is no other combination to return to. Where the packages are those of an
    earlier one, the ones after it are forgotten: the host has returned.
    """
    same = [place for place, each in enumerate(before) if each.packages == newest.packages]
    return [newest, *(before[same[0] + 1 :] if same else before)][:KEPT]


def as_text(proven: list[Good]) -> str:
    """Return the file's text."""
    content: dict[str, Any] = {"schema": SCHEMA, "proven": [asdict(each) for each in proven]}
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def to_return_to(state: NvidiaState, proven: list[Good]) -> Good | None:
    """Return the newest proven combination whose packages are not those installed now."""
    return next((each for each in proven if each.packages != belonging(state)), None)


def returned(decision: Decision, good: Good, state: NvidiaState) -> Decision:
    """Return ``decision`` changed so that it leads back to ``good``: exactly its packages."""
    toolkit = {want.name for want in decision.toolkit}
    exact = [Want(name, version) for name, version in good.packages.items()]
    pinning = [want for want in exact if "-pinning-" in want.name]
    rest = [w for w in exact if w.name not in toolkit and w not in pinning]
    said = [f"back to {good}, which was proven here"]
    if good.kernel != state.kernel:
        said.append(f"the kernel stays {state.kernel}: the module is built for it")
    if good.source == "distro":
        said.append("the distribution may no longer have these versions; then nothing is changed")
    return replace(
        decision,
        branch=good.branch,
        version=good.driver,
        modules=good.modules,  # type: ignore[arg-type]
        pinning=tuple(pinning),
        driver=tuple(w for w in rest if not w.name.startswith("lib")),
        toolkit=tuple(w for w in exact if w.name in toolkit),
        # Libraries go along at exactly their version; it is the programs that are held.
        headers=tuple(w for w in rest if w.name.startswith("lib")),
        absent=tuple(sorted(set(belonging(state)) - set(good.packages))),
        module_stream=decision.module_stream.replace(f":{decision.branch}", f":{good.branch}"),
        reasons=tuple(said),
    )
