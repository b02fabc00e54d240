"""SIMULATED Grafana: reads what the real one reads, refuses what it refuses, draws nothing.

It runs in an image of the lab where Grafana's own cannot be had. Standard library only, and no
import from outside this folder: the folder itself is what lies in the image.
"""
