"""Benchmarks: the program beside a reference and beside the raw limits, in one run, so that ratios hold."""
