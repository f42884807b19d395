"""Settings of the model that makes vectors."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, field_validator


class EmbeddingSettings(BaseModel):
    """Which model, and how much of the machine it takes."""

    embedding_model: str = Field(
        "sentence-transformers/all-MiniLM-L6-v2", alias="EMBEDDING_MODEL", description="Any model that fastembed has."
    )
    embedding_model_path: Path | None = Field(
        None, alias="EMBEDDING_MODEL_PATH", description="Local folder with the model's files; no hub is asked then."
    )
    embedding_threads: int | None = Field(
        None,
        ge=1,
        le=256,
        alias="EMBEDDING_THREADS",
        description="Threads of one embedding batch, by default one a core.",
    )

    @field_validator("embedding_model_path")
    @classmethod
    def _folder_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(f"{value} is no folder; give one that holds model.onnx and the tokenizer's files")
        return value
