"""Fixtures that every test may ask for by name."""

pytest_plugins = ["tests.servers", "tests.database", "tests.redis_server"]
