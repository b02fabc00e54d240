"""Presidio as the analysis: its recognizers of the wanted kinds, and nothing over the network."""

from __future__ import annotations

import importlib
import logging
from typing import Any

from firstlight.guard.config import Config
from firstlight.guard.finding import Analyze, Finding
from firstlight.guard.spotting import possible

WARM = "Write to jane.doe@example.com or call +1 425 555 0100, card 4111 1111 1111 1111."


class UnavailableError(Exception):
    """The image cannot look for what is configured; the message says why."""


def engine(config: Config) -> Any:
    """Return an AnalyzerEngine. Raises :class:`UnavailableError`."""
    # It says on standard error what it found where, and fetches a list of top-level domains.
    logging.disable(logging.CRITICAL)
    domains: Any = importlib.import_module("tldextract.tldextract")
    domains.TLD_EXTRACTOR = domains.TLDExtract(suffix_list_urls=(), cache_dir=None)
    presidio: Any = importlib.import_module("presidio_analyzer")
    nlp_module: Any = importlib.import_module("presidio_analyzer.nlp_engine")
    spacy: Any = importlib.import_module("spacy")
    language, name = config.language, config.nlp
    nlp = nlp_module.SpacyNlpEngine(models=[{"lang_code": language, "model_name": name}])
    if name == "pattern":
        nlp.nlp = {language: spacy.blank(language)}
    else:
        if not spacy.util.is_package(name):
            raise UnavailableError(f"the image has no spaCy model {name}")
        nlp.load()
    registry = presidio.RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language], nlp_engine=nlp)
    made = presidio.AnalyzerEngine(
        registry=registry, nlp_engine=nlp, supported_languages=[language]
    )
    missing = set(config.kinds) - set(made.get_supported_entities(language))
    if missing:
        raise UnavailableError(f"the image knows no {', '.join(sorted(missing))} in {language}")
    return made


def analysis(config: Config, made: Any, kinds: tuple[str, ...]) -> Analyze:
    """Return the analysis of ``made`` for ``kinds``."""

    def analyze(text: str) -> list[Finding]:
        wanted = possible(text, kinds)
        if not wanted:
            return []
        found = made.analyze(
            text=text,
            language=config.language,
            entities=wanted,
            score_threshold=config.threshold,
        )
        return [Finding(each.start, each.end, each.entity_type, each.score) for each in found]

    analyze(WARM)  # the first one compiles patterns and reads tables
    return analyze
