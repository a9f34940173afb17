"""What a list offers to filter by is what the API takes for it."""

import pytest

from graveshift.api.resources import RESOURCES
from graveshift_tui.screens import CARDS


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_a_card_knows_exactly_the_fields_of_its_resource(resource: object) -> None:
    name, fields = getattr(resource, "name", ""), getattr(resource, "fields", ())
    assert set(CARDS[name].fields) == set(fields)
