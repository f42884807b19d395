"""Fixtures that every test may ask for by name."""

import signal

from hypothesis import HealthCheck, settings

# A shell that runs us in the background has us ignore Ctrl-C, and every program that a test starts would do so too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes depends on what else the machine does; no test of ours is one of speed.
settings.register_profile("echora", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("echora")

pytest_plugins = ["tests.servers", "tests.database", "tests.redis_server"]
