"""Verdict: what truly changed in a simulated world, beside what the catalogue made of it. Pure."""
