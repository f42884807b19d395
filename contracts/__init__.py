"""What crosses a boundary: types, events, bytes, names, errors and limits. No I/O happens here."""
