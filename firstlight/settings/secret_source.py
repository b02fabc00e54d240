"""Where a secret comes from that an operator brings: never the secret itself."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StrictStr, ValidationInfo, model_validator

from firstlight.secret import may_be_secret
from firstlight.secrets import IDENTITY
from firstlight.settings.section import Section
from firstlight.settings.value import Listed, SitePath, text, wrong

Kind = Literal["file", "age", "sops", "env", "command", "credential"]
KINDS: tuple[Kind, ...] = ("file", "age", "sops", "env", "command", "credential")
"""The age identity that is used where none is named."""
_EXPECTED = (
    "the path of a private file, or a table with one of age, sops, env, command and credential"
)
_HIDDEN = "a text (not shown: it may be a secret)"
_KEEP = "put it where only you can read it (docs/secrets.md), and replace it: it has been seen here"
_TOKEN = re.compile(
    r"(hf_|sk-|fl_|gh[pousr]_|glpat-|AKIA)[A-Za-z0-9_-]{8,}|PRIVATE KEY|://[^/]*:.*@"
)
_MIXED = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[^/\s.]{8,}|(?=.*[!@#$%^&*?<>|;])[^/\s]{6,}")
"""A password rather than the name of a file: letters with digits, or characters of a shell."""
_PASSWORDS = re.compile(r"[^/]{3,}:[^/]{8,}")
"""Two words with a colon between, as an S3 store's keys: no path of a file looks like this."""
_PLACED = re.compile(r"(/|~|\.{1,2}/)")


def _word(value: str) -> str:
    """A word of a command line; everybody on the control machine sees it while it runs."""
    if not value or "\0" in value or _TOKEN.search(value):
        raise wrong(
            "a word of a command that prints the secret, not the secret itself", _KEEP, _HIDDEN
        )
    return value


Word = Annotated[StrictStr, AfterValidator(_word)]
KeyPath = Annotated[
    StrictStr,
    text(r"[^\s.\[\]\"']+(\.[^\s.\[\]\"']+)*", "keys with dots between (example: hub.token)"),
]
Variable = Annotated[
    StrictStr, text(r"[A-Za-z_][A-Za-z0-9_]{0,127}", "the name of a variable (example: HF_TOKEN)")
]
CredentialName = Annotated[
    StrictStr,
    text(r"(?!\.)[A-Za-z0-9_.-]{1,200}", "the name of a systemd credential (example: hub-token)"),
]


def looks_secret(value: str) -> bool:
    """Whether a text that names no file is rather a secret than a path that was mistyped."""
    if "://" in value or _TOKEN.search(value):  # whoever has a webhook's URL may use it
        return True
    if _PLACED.match(value):
        return False
    return bool(may_be_secret(value) or _MIXED.fullmatch(value) or _PASSWORDS.fullmatch(value))


class SecretSource(Section):
    """One secret's source: a plain text is the path of a private file on the control machine."""

    file: SitePath | None = Field(
        default=None, description="File on the control machine with the secret (0600)."
    )
    age: SitePath | None = Field(
        default=None, description="File on the control machine that age encrypted."
    )
    identity: SitePath | None = Field(
        default=None, description=f"For age and sops: the identity's file (0600); age: {IDENTITY}."
    )
    sops: SitePath | None = Field(
        default=None, description="File on the control machine that sops encrypted."
    )
    key: KeyPath | None = Field(
        default=None, description="For sops: where in the file, as keys with dots between."
    )
    env: Variable | None = Field(
        default=None, description="Variable in the environment of the control machine."
    )
    command: Annotated[tuple[Word, ...], Listed, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="Words of a command that prints the secret; no shell runs it."
    )
    credential: CredentialName | None = Field(
        default=None, description="systemd credential that is on the host already."
    )

    @model_validator(mode="before")
    @classmethod
    def _path(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, (str, Path)):
            if not isinstance(value, (dict, cls)):
                raise wrong(_EXPECTED)
            return value
        if isinstance(value, str) and looks_secret(value):
            root = (info.context or {}).get("root", Path.cwd())
            if "\n" in value or not (Path(root) / value).is_file():
                raise wrong(f"{_EXPECTED}, not the secret itself", _KEEP, _HIDDEN)
        return {"file": value}

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise wrong(_EXPECTED)
        if self.identity is not None and given[0] not in ("age", "sops"):
            raise wrong("identity beside age or sops only")
        if (self.key is not None) != (given[0] == "sops"):
            raise wrong(
                'key beside sops, and only there (example: {"sops": FILE, "key": "hub.token"})'
            )
        return self

    @property
    def kind(self) -> Kind:
        """Which of the sources it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def on_host(self) -> bool:
        """Whether it is on the host already, and never on the control machine."""
        return self.credential is not None

    @property
    def where(self) -> str:
        """The source in words, to stand in an error; it tells nothing of the secret."""
        if self.command is not None:
            line = shlex.join(self.command)
            return f"command {self.command[0] if may_be_secret(line) else line}"
        if self.sops is not None:
            return f"{self.sops}: {self.key}"
        if self.env is not None:
            return f"environment variable {self.env}"
        if self.credential is not None:
            return f"systemd credential {self.credential}"
        return str(self.file or self.age)
