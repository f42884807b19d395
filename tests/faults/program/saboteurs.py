"""Switches that break the program on purpose. Each must be caught by a scenario of the suite."""

from __future__ import annotations

SABOTEURS: dict = {}
