"""The room of the sources: four services in four dialects, one shape that comes out of it.

`build.build_sources` makes the machinery, `fetch.Sources` is what the rest of the program calls. Each service is one
file (jikan, anilist, kitsu, mal) that holds pure rules only: which requests to make, and what a body means. The
machinery around it (cache, single flight, budget, retries, breaker, HTTP) is the same for all.
"""
