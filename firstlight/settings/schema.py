"""Walks the types of the settings: what may stand at a place, and what it means."""

from __future__ import annotations

from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from firstlight.settings.host import HostSettings

Place = tuple[int | str, ...]
GIVEN = ("name", "groups", "root")
"""Fields that the inventory itself decides: as keys of its data they are wrong."""


def annotation_at(place: Place) -> Any:
    """The type of the setting at ``place``, or ``None`` where there is none."""
    current: Any = HostSettings
    for part in place:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = _fields(current).get(str(part))
            current = _given(field.annotation) if field else None
        else:
            inner = [each for each in get_args(current) if each is not Ellipsis]
            current = inner[-1] if inner else None
    return current


def _given(annotation: Any) -> Any:
    """The type of a setting that is given, where it may also be left out (``X | None``)."""
    choices = get_args(annotation)
    if NoneType not in choices:
        return annotation
    rest = [each for each in choices if each is not NoneType]
    return rest[0] if len(rest) == 1 else annotation


def keys_at(place: Place) -> list[str]:
    """The keys that exist in the section at ``place``."""
    section = _section_at(place)
    given = GIVEN if section is HostSettings else ()
    return [name for name in _fields(section) if name not in given] if section else []


def meaning_at(place: Place) -> str:
    """What the setting at ``place`` is for, to stand inside a sentence."""
    section = _section_at(place[:-1])
    field = _fields(section).get(str(place[-1])) if section else None
    meaning = (field.description or "") if field else ""
    # "DNS name" and "URL" keep their capitals.
    lower = meaning[:1].lower() + meaning[1:] if meaning[1:2].islower() else meaning
    return lower.rstrip(".") or "a value"


def _fields(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a section by their keys: a word of Python's is the name of none."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _section_at(place: Place) -> type[BaseModel] | None:
    current = annotation_at(place)
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None
