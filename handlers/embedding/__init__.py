"""The room that turns texts into vectors of length one."""
