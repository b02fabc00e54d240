"""The file ``firstlight.lock``: YAML that people review and git merges."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from firstlight.errors import FirstlightError
from firstlight.lock.section import SCHEMA, Lock
from firstlight.private_file import write_private

NAME = "firstlight.lock"
HEADER = """\
# What the tags, branches and names in the inventories beside this file mean. A deploy uses
# nothing else. Written by firstlight; keep it in version control and do not edit it:
#   firstlight lock INVENTORY            adds what is missing, drops what nobody asks for
#   firstlight lock --update INVENTORY   looks everything up anew and shows what has moved
"""
_REMAKE = "take it from version control, or delete it and run `firstlight lock` for each inventory"


class _Loader(yaml.SafeLoader):
    """Refuses what appears twice: that is a merge gone wrong, and YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for name, _ in node.value:
            if name.value in seen:
                raise yaml.YAMLError(
                    f"line {name.start_mark.line + 1}: {name.value} is there twice"
                )
            seen.add(name.value)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """Writes each file of some weights on a line of its own."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _Line(dict[str, Any]):
    """A mapping that is written on one line."""


_Dumper.add_representer(
    _Line,
    lambda dumper, data: dumper.represent_mapping(
        "tag:yaml.org,2002:map", data.items(), flow_style=True
    ),
)


def read(path: Path) -> Lock:
    """Read a lock; a file that is not there is an empty one.

    Raises :class:`FirstlightError` where it cannot be read or is not understood.
    """
    try:
        return parsed(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        return Lock()
    except (OSError, UnicodeDecodeError) as error:
        raise FirstlightError(
            "the lock cannot be read", where=str(path), why=str(error), fix=_REMAKE
        ) from None


def parsed(text: str, where: str) -> Lock:
    """The lock in ``text``, which stands in the file ``where``. Raises :class:`FirstlightError`."""
    try:
        found = yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise FirstlightError("the lock is damaged", where=where, why=why, fix=_REMAKE) from None
    if not isinstance(found, dict) or "schema" not in found:
        why = "it has no `schema:`"
        raise FirstlightError("the lock is damaged", where=where, why=why, fix=_REMAKE)
    schema = found.pop("schema")
    if type(schema) is not int or schema < 1:
        why = f"its schema is {schema!r}, and should be a number such as {SCHEMA}"
        raise FirstlightError("the lock is damaged", where=where, why=why, fix=_REMAKE)
    if schema > SCHEMA:
        raise FirstlightError(
            "the lock was written by a newer firstlight",
            where=where,
            why=f"its schema is {schema}, and this firstlight knows {SCHEMA}",
            fix="use the firstlight that wrote it, or a newer one",
        )
    try:
        return Lock.model_validate(found)
    except ValidationError as error:
        raise FirstlightError(
            "the lock is not what firstlight writes", where=where, why=_why(error), fix=_REMAKE
        ) from None


def text(lock: Lock) -> str:
    """The file's text: sorted, so that it changes only where the lock does."""
    data = lock.model_dump(exclude_defaults=True)
    for section in data.get("inventories", {}).values():
        for weights in section.get("weights", {}).values():
            for path, file in weights.get("files", {}).items():
                weights["files"][path] = _Line(sorted(file.items()))
    body = yaml.dump(
        {"schema": SCHEMA, **data},
        Dumper=_Dumper,
        default_flow_style=False,
        sort_keys=True,
        width=10**6,
    )
    return HEADER + body


def write(path: Path, lock: Lock) -> None:
    """Write a lock, whole or not at all. Raises :class:`FirstlightError` where that fails."""
    write_private(path, text(lock).encode(), mode=0o644)


def _why(error: ValidationError) -> str:
    """The first mistakes with their places, none of them longer than a line."""
    lines = []
    for detail in error.errors(include_url=False)[:3]:
        place = " → ".join(str(part) for part in detail["loc"]) or "its top"
        message = detail["msg"].removeprefix("Value error, ")
        lines.append(f"{place}: {message[:1].lower()}{message[1:]}")
    return "; ".join(lines)
