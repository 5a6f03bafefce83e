"""What can be wrong with SLO files.

SloError                     catch it to show a user the mistake: file, document, line, field and the way out
├── MalformedError           not YAML, not OpenSLO, or a value that OpenSLO refuses
└── UnsupportedError         valid OpenSLO that is not compiled here, named instead of ignored
"""


class SloError(ValueError):
    """Something is wrong with an SLO file; the message names the file and the field."""


class MalformedError(SloError):
    """OpenSLO refuses it, too."""


class UnsupportedError(SloError):
    """OpenSLO allows it, and nothing here can work with it."""
