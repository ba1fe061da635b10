"""kill -9 in the middle of labels and saves: nothing answered is lost, and the CSV is always whole."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.labels import LabelLedger, Labelling, TaggingProcess, rows_of
from tests.scripts.stack_process import wait_until

LONG = [pytest.param(number, marks=pytest.mark.faults) for number in range(1, 8)]
StartTagging = Callable[..., TaggingProcess]
CARELESS = ["-m", "tests.faults.careless_tagging"]


@pytest.fixture
def start_tagging_process(tmp_path: Path) -> Iterator[StartTagging]:
    """Starts tagging services one after the other on the same folder."""
    started: list[TaggingProcess] = []

    def start(**given: Any) -> TaggingProcess:
        started.append(TaggingProcess(tmp_path, **given))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.mark.parametrize("round_", [0, *LONG])
def test_labels_and_saves_outlive_kills(start_tagging_process: StartTagging, round_: int) -> None:
    """Two kills; after each the file, as the kill left it, and the rows are what was promised."""
    service = start_tagging_process()
    dataset = service.import_csv()
    ledger = LabelLedger()
    for kill in range(2):
        load = Labelling(service, dataset, ledger, seed=10 * round_ + kill)
        load.wait_for(ledger.acknowledged + 40 + 23 * kill + 7 * round_)
        service.end(signal.SIGKILL)
        load.join()
        assert load.refusals == []
        ledger.check_csv(service.csv)
        service = start_tagging_process()
        with service.client() as client:
            ledger.check_rows(rows_of(client, dataset))
    assert ledger.saves > 1


def test_what_was_not_saved_is_saved_at_the_next_start(start_tagging_process: StartTagging) -> None:
    first = start_tagging_process()
    dataset = first.import_csv()
    left_over = first.csv.with_name(f".{first.csv.name}.killed.tmp")
    left_over.write_text("half a file")
    with first.client() as client:
        change = {"set": {"101": True}}
        assert client.patch(f"/v1/datasets/{dataset}/rows/7/tags", json=change).status_code == 200
    first.end(signal.SIGKILL)
    assert b"True" not in first.csv.read_bytes()
    second = start_tagging_process()
    wait_until(lambda: second.csv.read_bytes().count(b"True") == 1)
    wait_until(lambda: not left_over.exists())


def test_a_stop_saves_what_was_answered(start_tagging_process: StartTagging) -> None:
    service = start_tagging_process()
    dataset = service.import_csv()
    ledger = LabelLedger()
    load = Labelling(service, dataset, ledger, seed=5)
    load.wait_for(60)
    assert service.end(signal.SIGTERM, seconds=25) in {0, -signal.SIGTERM}
    load.join()
    ledger.save_done(ledger.to_be_saved())  # a stop promises as much as a save
    ledger.check_csv(service.csv)
    with start_tagging_process().client() as client:
        ledger.check_rows(rows_of(client, dataset))


def test_a_careless_service_is_found_out(start_tagging_process: StartTagging) -> None:
    service = start_tagging_process()
    dataset = service.import_csv()
    service.close()
    careless = start_tagging_process(command=CARELESS)
    ledger = LabelLedger()
    load = Labelling(careless, dataset, ledger, seed=9)
    load.wait_for(80)
    careless.end(signal.SIGKILL)
    load.join()
    with pytest.raises(AssertionError, match="broken promises"):
        ledger.check_csv(careless.csv)
    again = start_tagging_process()
    with again.client() as client, pytest.raises(AssertionError, match="broken promises"):
        ledger.check_rows(rows_of(client, dataset))
