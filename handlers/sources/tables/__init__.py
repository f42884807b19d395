"""The vocabularies: which words a dialect uses for the canonical values, and which of its fields are not used."""
