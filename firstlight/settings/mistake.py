"""Turns what the validation says into problems: key, found, expected, nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from firstlight.catalogue import models
from firstlight.catalogue.named import refused
from firstlight.settings.found import shown
from firstlight.settings.model_value import GET_DIGEST, GET_REVISION
from firstlight.settings.problem import NOTHING, UNKNOWN_KEY, Problem
from firstlight.settings.schema import Place, annotation_at, keys_at, meaning_at

_HOW = {"image": GET_DIGEST}
_OF_ROW = frozenset({"weights", "engine", "context"})
"""What a model takes from its catalogue row: without a row they are one mistake, not three."""
_UNKNOWN = frozenset({"extra_forbidden", "invalid_key"})
_EXPECTED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "string_type": "a text",
    "int_type": "a whole number, without quotes",
    "bool_type": "True or False",
    "recursion_loop": "a value that does not contain itself",
}


def mistakes(host: str, data: Mapping[str, object], error: ValidationError) -> list[Problem]:
    """One problem per mistake that ``error`` lists about ``data``."""
    details = error.errors(include_url=False)
    unnamed = [  # models; their adapters and draft models are in no catalogue
        detail["loc"][:-1]
        for detail in details
        if detail["type"] == "missing" and detail["loc"][2:] == ("weights",)
        # With a name and no repository, the name is not one of the catalogue.
        if isinstance(_at(data, (*detail["loc"][:-1], "name")), str)
        if _at(data, (*detail["loc"][:-1], "repo")) is None
    ]
    problems = [_unknown_model(host, data, place) for place in unnamed]
    for detail in details:
        place = detail["loc"]
        if place[:-1] in unnamed and place[-1] in _OF_ROW and detail["type"] == "missing":
            continue
        if place[-1:] == ("weights",) and detail["type"] == "missing":
            # They come of repository and revision: what is wrong is one of those.
            problems += _without_revision(host, data, place[:-1])
            continue
        problems.append(_problem(host, detail))
    return problems


def nearest(name: object, known: Iterable[str]) -> str:
    """The known name that ``name`` was probably meant to be, or nothing."""
    by_fold = {each.lower(): each for each in known}
    close = difflib.get_close_matches(str(name)[:100].lower(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else ""


def key(place: Place) -> str:
    """A place in the data, as in ``models[0].engine``; odd keys stand in brackets."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part != "[key]":
            plain = part.isascii() and part.isidentifier() and shown(part) == f'"{part}"'
            text += (f".{part}" if text else part) if plain else f"[{shown(part)}]"
    return text or "data"


def _at(data: Any, place: Place) -> Any:
    for part in place:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _unknown_model(host: str, data: object, place: Place) -> Problem:
    name = _at(data, (*place, "name"))
    if row := refused(str(name)):
        fix = f"take {', or '.join(row.successors)}"
        return Problem(host, key((*place, "name")), row.reason, "", fix=fix)
    expected = "a model of the catalogue, or one with repo, engine and context"
    return Problem(
        host, key((*place, "name")), f"the unknown {shown(name)}", expected, nearest(name, models())
    )


def _without_revision(host: str, data: object, place: Place) -> list[Problem]:
    if _at(data, (*place, "repo")) is None:
        at = (*place, "weights")
        return [Problem(host, key(at), NOTHING, meaning_at(at))]
    at = (*place, "revision")
    if _at(data, at) is not None:
        return []  # it is named already
    return [Problem(host, key(at), NOTHING, meaning_at(at), fix=GET_REVISION)]


def _problem(host: str, detail: ErrorDetails) -> Problem:
    place, kind, found = detail["loc"], detail["type"], detail["input"]
    last = str(place[-1]) if place else ""
    if kind in _UNKNOWN:
        known = keys_at(place[:-1])
        near = nearest(last, known)
        expected = f"one of {', '.join(known)}" if known and not near else ""
        return Problem(host, key(place), UNKNOWN_KEY, expected, near)
    if kind == "missing":
        return Problem(host, key(place), NOTHING, meaning_at(place), fix=_HOW.get(last, ""))
    if kind == "firstlight":
        context = detail["ctx"]
        said = context["found"] or shown(found)
        return Problem(host, key(place), said, context["expected"], fix=context["fix"])
    expected = detail["msg"].removeprefix("Input should be ").replace("'", '"')
    choices = [str(each) for each in get_args(annotation_at(place))]
    near = nearest(found, choices) if kind == "literal_error" and isinstance(found, str) else ""
    return Problem(host, key(place), shown(found), _EXPECTED.get(kind, expected), near)
