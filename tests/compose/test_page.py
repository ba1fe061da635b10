"""The page from the gateway's image, in a browser."""

import pytest

from tests.journeys.conftest import browser, visit
from tests.journeys.test_browser import (
    test_a_link_is_made_and_opened_by_somebody_without_a_key,
    test_deleting_can_be_taken_back,
    test_the_docs_load_offline_and_try_a_call_out,
    test_the_key_in_the_address_signs_in_and_is_not_left_there,
)

pytestmark = pytest.mark.compose
__all__ = [
    "browser",
    "test_a_link_is_made_and_opened_by_somebody_without_a_key",
    "test_deleting_can_be_taken_back",
    "test_the_docs_load_offline_and_try_a_call_out",
    "test_the_key_in_the_address_signs_in_and_is_not_left_there",
    "visit",
]
