"""The canonical record: an anime with its characters and episodes. Field names are the contract."""

from contracts.model.anime import Anime, AnimeFields
from contracts.model.character import Character, CharacterFields
from contracts.model.episode import Episode, EpisodeFields
from contracts.model.record import AnimeRecord

__all__ = [
    "Anime",
    "AnimeFields",
    "AnimeRecord",
    "Character",
    "CharacterFields",
    "Episode",
    "EpisodeFields",
]
