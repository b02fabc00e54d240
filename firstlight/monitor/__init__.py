"""Observation: who watches which host, what is measured, which rules and pages are made of it."""
