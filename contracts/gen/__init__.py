"""Generated from contracts/proto by dev/proto.py; do not edit."""
