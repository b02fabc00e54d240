"""Presidio's analyzer as its own image has it, without its server and its language models.

The real recognizers from the package index, with spaCy's blank pipelines: names of people and
places need models that the index does not have. 180 MB unpacked.
"""

from __future__ import annotations

import os
from pathlib import Path

from firstlight.lab.command import run
from firstlight.lab.images import debian, python_root, wheels
from firstlight.lab.images.layer import EPOCH
from firstlight.lab.images.oci import ImageConfig
from firstlight.lab.images.recipe import Recipe

REQUIREMENTS = Path(__file__).with_name("presidio-requirements.txt")
ITSELF = Path(__file__).with_name("presidio-wheel.txt")
VERSION = "2.2.366"
SECONDS = 300
# As in the image it stands in for: the server starts in a folder of its own.
HOME = "/app"
# Numbers' regions, networks and time zones, which recognizing one does not need: half of it all.
UNUSED = ("phonenumbers/geodata", "phonenumbers/carrierdata", "phonenumbers/tzdata")
PROOF = """
from spacy import blank
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
nlp = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
nlp.nlp = {"en": blank("en")}
registry = RecognizerRegistry(supported_languages=["en"])
registry.load_predefined_recognizers(languages=["en"], nlp_engine=nlp)
engine = AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])
assert engine.analyze("card 4111 1111 1111 1111", language="en", entities=["CREDIT_CARD"])
"""


def build(root: Path) -> None:
    """Make the root and analyse one text in it, which leaves the byte-code that a start needs."""
    python_root.make(root)
    site = root / python_root.SITE
    itself = ("--require-hashes", "--requirement", str(ITSELF))
    wheels.install(site, REQUIREMENTS, itself, "3.11")
    debian.remove(*site.glob("**/tests"), site / "bin", *(site / name for name in UNUSED))
    (root / HOME.lstrip("/")).mkdir()
    # Byte-code names the date of its source, and layers clamp dates: clamp them first.
    for path in site.rglob("*.py"):
        os.utime(path, (EPOCH, EPOCH))
    run("chroot", str(root), "python3", "-c", PROOF, timeout=SECONDS)
    debian.clean(root)


RECIPE = Recipe(
    engine="presidio",
    repository="data-privacy-stack/presidio-analyzer",
    config=ImageConfig(
        entrypoint=("python3", "-m", "presidio_analyzer"),
        environment={"LC_ALL": "C.UTF-8"},
        working_directory=HOME,
        port=3000,
        labels={"org.opencontainers.image.title": f"Presidio {VERSION} analyzer, for a lab"},
    ),
    build=build,
    architectures=("amd64",),
    sources=("presidio.py", REQUIREMENTS.name, ITSELF.name, "wheels.py", python_root.SOURCE),
)
