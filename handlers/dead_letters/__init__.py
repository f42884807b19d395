"""Dead letters: what could not be handled, with everything needed to understand it and to send it again."""

from handlers.dead_letters.letter import Delivery, dead_letter, fingerprint, shortened

__all__ = ["Delivery", "dead_letter", "fingerprint", "shortened"]
