"""Weights: fetched on the host by a step of its own, checked, and only then made visible."""
