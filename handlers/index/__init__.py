"""The room that keeps the vector index in step with what PostgreSQL committed."""
