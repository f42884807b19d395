"""Sentences of the kind that a catalogue of anime holds, written for this purpose and about no real work."""

from __future__ import annotations

from typing import Final

SENTENCES: Final[tuple[str, ...]] = (
    "",
    "?",
    "Lanterns",
    "the cook who crossed the sea",
    "A baker's daughter inherits a haunted bakery and has to keep its ovens burning until midsummer.",
    "Two brothers build a flying machine out of scrap; the army wants it, and so does the thief they once trusted.",
    "In the year 2184, a salvage crew finds a ship that left Earth three hundred years before anyone could build it.",
    "Type: TV. Episodes: 24. Season: autumn 2009. Genres: Drama, Music, Slice of Life. Studio: Paper Crane.",
    "Genres: Action, Fantasy, Supernatural; themes: school, vampires, revenge, time travel, military.",
    "When the last dragon falls asleep, the village that fed it for centuries must learn to live with wolves again.",
    "She wakes up in another world as the villain's accountant (and the books do not balance!).",
    "A retired swordsman opens a tea house at the foot of the mountain, where every guest pays with a story.",
    "Haruto transfers to a high school where duels are settled by calligraphy. He cannot read his own handwriting.",
    "The detective is twelve years old, her assistant is a ghost, and the murderer is the only one who believes them.",
    "An idol group loses its singer a week before the concert — and the replacement is a robot from the museum.",
    "Mecha pilots are chosen at birth; Mika was chosen by mistake, and the machine refuses to open for anyone else.",
    "After her grandmother's funeral, Aoi finds 1,000 letters addressed to a town that is on no map.",
    "Volleyball, broken bones and first love: the third division has never been taken this seriously.",
    "Sequel. The war is over, yet the prisoners on both sides keep disappearing from the trains that bring them home.",
    "A fox spirit runs the night train between the living and the dead, and tonight one passenger has no ticket.",
    "Episode 7: The Storm. Episode 8: What the Lighthouse Keeper Saw. Episode 9: Nobody Comes Home.",
    "Kaze no Niwa; The Garden of Wind; 風の庭; Сад ветра; El jardín del viento",
    "It is a comedy about four office workers who share one umbrella, one secret and far too many cats.",
    "Director: unknown. Source: light novel. Rating: PG-13. Score: 7.85. Status: finished airing. Duration: 23 min.",
    "Monsters rise from the sea every seventh year; this year they ask, very politely, to be taught how to read.",
    "Young, gifted and cursed, the heir of a clan of exorcists would much rather become a pastry chef in Paris.",
    "A quiet film about a boy, a bicycle, and the summer in which the river took the bridge away.",
    "The game cannot be left, the dungeon has one hundred floors, and Rin, level one, is the only player who sews.",
    "At the academy of magic everyone is ranked from S to F. She is not on the list at all.",
    "He sold his shadow to pay for his sister's medicine; now the shadow has enrolled in his class.",
    "space pirates, bounty hunters, jazz, noodles, debts, and a dog that is cleverer than the whole crew",
    "Cyborgs patrol the flooded streets of New Osaka, hunting hackers who steal memories and sell them as dreams.",
)
