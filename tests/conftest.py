"""Fixtures that every test may ask for by name."""

from hypothesis import HealthCheck, settings

# How long an example takes depends on what else the machine does; no test of ours is one of speed.
settings.register_profile("echora", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("echora")

pytest_plugins = ["tests.servers", "tests.database", "tests.redis_server"]
