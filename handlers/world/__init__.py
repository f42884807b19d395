"""A simulated world: four services in their own dialects over one catalogue that changes with time.

Pure inside: `simulation` turns (records, seed, origin) into weeks of true changes, `state` says what a service shows at
an instant, the dialect files turn that into bodies. `server` is the only file that listens.
"""
