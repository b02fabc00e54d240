"""Image: the engines' images on the host, by digest, before anything that runs is touched."""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from firstlight.operations import docker
from firstlight.settings import HostSettings
from roles.owned import Owned

OWNS = Owned()


@deploy("Image")
def image(settings: HostSettings) -> None:
    """Pull the image of every model."""
    references = tuple(dict.fromkeys(model.image for model in settings.models))
    docker.images(name="Pull engine images by digest", references=references)
