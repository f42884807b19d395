"""The mappings: from a raw item of a dialect to canonical values, as tables of rules and small pure functions."""
