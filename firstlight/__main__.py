"""``python -m firstlight`` is the ``firstlight`` command."""

from firstlight.cli.main import main

main()
