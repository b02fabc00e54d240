"""Recipes of the SIMULATED vendor's packages, by repository."""
