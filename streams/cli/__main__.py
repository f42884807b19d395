"""`python -m streams.cli` is `echora`."""

from streams.cli import main

main()
