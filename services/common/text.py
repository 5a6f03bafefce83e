"""Text that PostgreSQL can store: everything but NUL, which JSON and URLs can carry and `text` columns cannot.

Without this check a NUL would come back as an error of the database, a 500, instead of a 422 that names the field.
"""

from typing import Annotated

from pydantic import AfterValidator


def _refuse_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    return value


Storable = AfterValidator(_refuse_nul)
StorableText = Annotated[str, Storable]
