"""The words of AniList."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from contracts.model.enums import AnimeStatus, AnimeType, CharacterRole, Relation, Season, SourceMaterial

STATUS: Final = MappingProxyType(
    {
        "RELEASING": AnimeStatus.ONGOING,
        "HIATUS": AnimeStatus.ONGOING,
        "FINISHED": AnimeStatus.FINISHED,
        "NOT_YET_RELEASED": AnimeStatus.UPCOMING,
        "CANCELLED": AnimeStatus.CANCELLED,
    }
)
TYPE: Final = MappingProxyType(
    {name: AnimeType(name) for name in ["TV", "TV_SHORT", "MOVIE", "OVA", "ONA", "SPECIAL", "MUSIC"]}
)
SEASON: Final = MappingProxyType({season.value: season for season in Season})
SOURCE: Final = MappingProxyType(
    {
        "VIDEO_GAME": SourceMaterial.GAME,
        "MULTIMEDIA_PROJECT": SourceMaterial.MIXED_MEDIA,
        "ANIME": SourceMaterial.OTHER,
    }
    | {
        name: SourceMaterial(name)
        for name in [
            "MANGA",
            "LIGHT_NOVEL",
            "VISUAL_NOVEL",
            "ORIGINAL",
            "NOVEL",
            "WEB_NOVEL",
            "OTHER",
            "LIVE_ACTION",
            "COMIC",
            "PICTURE_BOOK",
            "DOUJINSHI",
            "GAME",
        ]
    }
)
# A compilation sums up what it contains, so the pair COMPILATION and CONTAINS reads as SUMMARY and FULL_STORY.
RELATION: Final = MappingProxyType(
    {
        "PARENT": Relation.PARENT_STORY,
        "ALTERNATIVE": Relation.ALTERNATIVE_VERSION,
        "SOURCE": Relation.ADAPTATION,
        "COMPILATION": Relation.SUMMARY,
        "CONTAINS": Relation.FULL_STORY,
    }
    | {relation.value: relation for relation in Relation}
)
MATERIAL: Final = MappingProxyType(
    {"MANGA": SourceMaterial.MANGA, "NOVEL": SourceMaterial.NOVEL, "ONE_SHOT": SourceMaterial.ONE_SHOT}
)
ROLE: Final = MappingProxyType({role.value: role for role in CharacterRole})

NOT_USED: Final = MappingProxyType(
    {
        "type": "always ANIME: requests ask for nothing else",
        "chapters": "of manga",
        "volumes": "of manga",
        "isLicensed": "says nothing that the licensors do not",
        "hashtag": "not in the record",
        "updatedAt": "changes nearly daily without a change of anything we keep",
        "meanScore": "the unweighted twin of averageScore",
        "isLocked": "about the entry, not the anime",
        "trending": "changes by the hour and means nothing later",
        "trailer.thumbnail": "derived from the trailer's id",
        "tags[].id": "tags are kept by name",
        "tags[].description": "the same for every anime",
        "tags[].rank": "drifts with votes",
        "tags[].isGeneralSpoiler": "about the tag, not the anime",
        "tags[].isMediaSpoiler": "not in the record",
        "tags[].isAdult": "isAdult of the anime says it",
        "tags[].userId": "who added the tag",
        "rankings[].id": "an internal id",
        "rankings[].context": "the other fields of the ranking say it",
        "externalLinks[].id": "an internal id",
        "externalLinks[].siteId": "an internal id",
        "externalLinks[].language": "not in the record",
        "externalLinks[].color": "decoration",
        "externalLinks[].icon": "decoration",
        "externalLinks[].notes": "free text of editors",
        "coverImage.large": "a smaller copy",
        "coverImage.medium": "a smaller copy",
        "coverImage.color": "decoration",
        "streamingEpisodes": "titles of one shop, without episode numbers",
        "nextAiringEpisode.id": "an internal id",
        "nextAiringEpisode.timeUntilAiring": "changes on every fetch; airingAt says it",
        "airingSchedule.nodes[].id": "an internal id",
        "airingSchedule.nodes[].timeUntilAiring": "changes on every fetch; airingAt says it",
        "recommendations": "taste of users, not a fact of the anime",
        "studios.edges[].isMain": "whether the firm animates tells studios from producers",
        "studios.edges[].node.favourites": "about the firm",
        "relations.edges[].node": "of the other work only its name, ids, format and page are kept",
        "characters.edges[].node.name.first": "name.full has it",
        "characters.edges[].node.name.middle": "name.full has it",
        "characters.edges[].node.name.last": "name.full has it",
        "characters.edges[].node.image.medium": "a smaller copy",
        "characters.edges[].voiceActors[].name.first": "name.full has it",
        "characters.edges[].voiceActors[].name.middle": "name.full has it",
        "characters.edges[].voiceActors[].name.last": "name.full has it",
        "characters.edges[].voiceActors[].name.alternative": "not in the record",
        "characters.edges[].voiceActors[].image.medium": "a smaller copy",
        "characters.edges[].voiceActors[].primaryOccupations": "about the person, not the character",
        "characters.edges[].voiceActors[].gender": "about the person, not the character",
        "characters.edges[].voiceActors[].dateOfDeath": "about the person, not the character",
        "characters.edges[].voiceActors[].age": "changes with every birthday; the birth date says it",
        "characters.edges[].voiceActors[].yearsActive": "about the person, not the character",
        "characters.edges[].voiceActors[].homeTown": "about the person, not the character",
        "characters.edges[].voiceActors[].favourites": "about the person, not the character",
        "staff.edges[].node.name.first": "name.full has it",
        "staff.edges[].node.name.middle": "name.full has it",
        "staff.edges[].node.name.last": "name.full has it",
        "staff.edges[].node.name.alternative": "not in the record",
        "staff.edges[].node.image.medium": "a smaller copy",
        "staff.edges[].node.description": "of staff only name, role and portrait are kept",
        "staff.edges[].node.primaryOccupations": "of staff only name, role and portrait are kept",
        "staff.edges[].node.gender": "of staff only name, role and portrait are kept",
        "staff.edges[].node.dateOfBirth": "of staff only name, role and portrait are kept",
        "staff.edges[].node.dateOfDeath": "of staff only name, role and portrait are kept",
        "staff.edges[].node.age": "of staff only name, role and portrait are kept",
        "staff.edges[].node.yearsActive": "of staff only name, role and portrait are kept",
        "staff.edges[].node.homeTown": "of staff only name, role and portrait are kept",
        "staff.edges[].node.bloodType": "of staff only name, role and portrait are kept",
        "staff.edges[].node.siteUrl": "of staff only name, role and portrait are kept",
        "staff.edges[].node.favourites": "of staff only name, role and portrait are kept",
    }
)
