"""One shape for every error a person may see: what, where, why, fix."""

from __future__ import annotations


class FirstlightError(Exception):
    """Something failed in a way that is understood.

    ``what`` is the failure in one sentence, ``where`` the host, file or setting path it
    concerns, ``why`` the evidence that was found, ``fix`` the command or setting that mends it.
    Parts that are not known stay empty and are left out of the text.
    """

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.fix:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)
