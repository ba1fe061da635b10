"""The journeys that need no file of the stack's own, taken through the published port of the gateway."""

import pytest

from tests.journeys.test_events import (
    test_a_program_that_was_cut_off_gets_what_it_missed_exactly_once,
    test_each_upload_is_told_with_what_rest_tells,
)
from tests.journeys.test_links import names, test_a_program_gets_the_bytes_of_one_image_and_the_list_of_many
from tests.journeys.test_photos import (
    stored,
    test_a_name_keeps_its_earlier_contents_and_comes_back_from_the_trash,
    test_a_zip_holds_every_photograph_as_it_was,
    test_labels_and_words_find_images,
    test_lists_go_page_by_page_in_the_order_asked_for,
    test_parts_and_conditions_save_bytes,
    test_renditions_are_smaller_pictures_of_the_same,
    test_the_answer_tells_what_was_stored_and_where_it_is,
)
from tests.journeys.test_processing import test_images_of_the_store_and_back, test_ten_photos_three_operations

pytestmark = pytest.mark.compose
__all__ = [
    "names",
    "stored",
    "test_a_name_keeps_its_earlier_contents_and_comes_back_from_the_trash",
    "test_a_program_gets_the_bytes_of_one_image_and_the_list_of_many",
    "test_a_program_that_was_cut_off_gets_what_it_missed_exactly_once",
    "test_a_zip_holds_every_photograph_as_it_was",
    "test_each_upload_is_told_with_what_rest_tells",
    "test_images_of_the_store_and_back",
    "test_labels_and_words_find_images",
    "test_lists_go_page_by_page_in_the_order_asked_for",
    "test_parts_and_conditions_save_bytes",
    "test_renditions_are_smaller_pictures_of_the_same",
    "test_ten_photos_three_operations",
    "test_the_answer_tells_what_was_stored_and_where_it_is",
]
