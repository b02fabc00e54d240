"""Where the text of a new key is kept, if a person does not read it from the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firstlight.errors import FirstlightError
from firstlight.keys.key import mistaken_text
from firstlight.private_file import read_private, write_private
from firstlight.secret import Secret


@dataclass(frozen=True)
class Delivery:
    """The text of ``name``'s new key, and the file it is kept in."""

    name: str
    text: Secret
    to: Path

    def refuse_other(self, path: Path) -> None:
        """Raise for a file that holds anything but a key of this name."""
        what = f"the file for the key of {self.name}"
        fix = "name a file that does not exist yet"
        if self.to.resolve() == path.resolve():
            raise FirstlightError(f"{what} is the API key file itself", where=str(path), fix=fix)
        if not self.to.absolute().parent.is_dir():
            why, mend = f"there is no folder {self.to.parent}", "make it, or correct the path"
            raise FirstlightError(f"{what} has no place", where=str(self.to), why=why, fix=mend)
        if self.to.exists() or self.to.is_symlink():
            held = read_private(self.to, what, fix).decode("utf-8", "replace").strip()
            if mistaken_text(self.name, held):
                raise FirstlightError(
                    f"{what} holds something else already", where=str(self.to), fix=fix
                )

    def make(self) -> None:
        """Write the file, 0600."""
        write_private(self.to, f"{self.text.reveal()}\n".encode())
