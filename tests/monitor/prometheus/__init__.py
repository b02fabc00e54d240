"""Prometheus and the blackbox exporter of a monitor: what they are given, and what they do with it."""
