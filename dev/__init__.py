"""Tools for those who change the project: what is generated, and whether it is fresh."""
