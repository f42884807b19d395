"""The demo: the real program against a simulated world on a fast clock, watched live and judged at its end."""
