"""Dead letters: what could not be handled, with everything needed to understand it and to send it again."""

from handlers.dead_letters.abandoned import Stored, abandoned, has_letter, story_of, took_effect
from handlers.dead_letters.choice import Choice, State
from handlers.dead_letters.decide import Chosen, choose, drop, replay_next
from handlers.dead_letters.keep import News, forget, keep, tell_news
from handlers.dead_letters.letter import Delivery, dead_letter, fingerprint, letter_id, shortened
from handlers.dead_letters.reading import LIST_MAX, Group, Listed, Shown, groups, listed, shown, waiting

__all__ = [
    "LIST_MAX",
    "Choice",
    "Chosen",
    "Delivery",
    "Group",
    "Listed",
    "News",
    "Shown",
    "State",
    "Stored",
    "abandoned",
    "choose",
    "dead_letter",
    "drop",
    "fingerprint",
    "forget",
    "groups",
    "has_letter",
    "keep",
    "letter_id",
    "listed",
    "replay_next",
    "shortened",
    "shown",
    "story_of",
    "tell_news",
    "took_effect",
    "waiting",
]
