"""Other tools' SLO files as OpenSLO v1: one module a format, each a function from a parsed document to documents."""
