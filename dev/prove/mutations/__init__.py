"""Mechanisms taken away: each mutation is a passage of the source put differently in a copy of it.

The product knows no switch that turns a mechanism off: what does not exist cannot be set by anybody else.
"""
