"""Changes of a profile: what is absent stays, and every accepted value fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.user.schemas import ProfileChanges


def test_only_the_fields_that_were_named_are_changed() -> None:
    assert ProfileChanges.model_validate({"bio": " Counts. "}).named() == {"bio": "Counts."}
    assert ProfileChanges.model_validate({"bio": ""}).named() == {"bio": ""}


@pytest.mark.parametrize("body", [{}, {"display_name": ""}, {"display_name": None}, {"handle": "eve"}, {"bio": 3}])
def test_nothing_unknown_fields_and_wrong_types_are_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ProfileChanges.model_validate(body)


@given(st.text(), st.text())
def test_whatever_is_accepted_fits_and_is_stripped(display_name: str, bio: str) -> None:
    nul = "\x00" in display_name + bio
    try:
        changes = ProfileChanges.model_validate({"display_name": display_name, "bio": bio})
    except ValidationError:
        assert nul or not 1 <= len(display_name.strip()) <= 80 or len(bio.strip()) > 500
    else:
        assert 1 <= len(changes.display_name) <= 80
        assert not nul
        # Unicode's white space: Python's strip() also takes the separators of ASCII (0x1c to 0x1f).
        assert changes.bio.strip() == bio.strip()
