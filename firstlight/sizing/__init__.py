"""Does this model fit this GPU, with which settings: pure arithmetic, no host and no pyinfra."""
