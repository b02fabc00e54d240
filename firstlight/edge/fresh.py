"""A release that is made of what is known when it is asked for, and not when a run began."""

from __future__ import annotations

from collections.abc import Callable

from firstlight.edge.release import Release


class FreshRelease:
    """A host's release, made anew when it is asked for: keys change while a run goes on.

    ``last`` is the one made last, which is what its operation has nginx serve: what comes later in
    a run speaks of that one, whatever the files of the control machine say by then.
    """

    def __init__(self, make: Callable[[], Release]) -> None:
        self._make = make
        self.last = make()

    def made(self) -> Release:
        """Return the release of this moment. Raises what its files raise."""
        self.last = self._make()
        return self.last
