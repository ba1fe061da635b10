"""The runner: starts, keeps and ends the processes of a Procfile, whatever happens to them or to it."""

import os
import signal
import socket
from pathlib import Path

import pytest

from tests.process_tree import lives
from tests.scripts.stack_process import StackProcess, wait_until

PAIR = {"imagestore": "", "gateway": ""}


def test_says_one_line_with_address_and_key_when_all_are_ready(tmp_path: Path) -> None:
    with StackProcess(tmp_path, PAIR) as stack:
        stack.wait_for_words("ready")
        address = f"http://127.0.0.1:{stack.ports['gateway']}/#key=dk_test"
        assert stack.said() == f"Darkroom is ready: {address}\n"


def test_without_keys_the_address_has_none(tmp_path: Path) -> None:
    with StackProcess(tmp_path, PAIR, DARKROOM_AUTH="off") as stack:
        stack.wait_for_words("ready")
        assert stack.said().endswith(f":{stack.ports['gateway']}/\n")


def test_services_share_a_secret_that_stays_the_same(tmp_path: Path) -> None:
    tokens = []
    for _ in range(2):
        with StackProcess(tmp_path, PAIR) as stack:
            stack.wait_for_words("ready")
            told = [stack.ask(name)["environment"] for name in PAIR]
            tokens += [one["DARKROOM_SERVICE_TOKEN"] for one in told]
            assert told[0]["DARKROOM_DATA_DIR"] == str(tmp_path / "data")
            assert told[0]["DARKROOM_SERVICES"] == "imagestore"
    assert len(tokens[0]) >= 32
    assert tokens == [tokens[0]] * 4
    assert (tmp_path / "data/service.token").stat().st_mode & 0o777 == 0o600


def test_two_stacks_run_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with StackProcess(tmp_path / "a", PAIR) as one, StackProcess(tmp_path / "b", PAIR) as other:
        one.wait_for_words("ready")
        other.wait_for_words("ready")
        assert one.ask("gateway")["pid"] != other.ask("gateway")["pid"]


@pytest.mark.parametrize("name", ["imagestore", "gateway"])
def test_a_killed_service_is_started_again(tmp_path: Path, name: str) -> None:
    with StackProcess(tmp_path, PAIR) as stack:
        stack.wait_for_words("ready")
        before = {one: stack.ask(one)["pid"] for one in PAIR}
        os.kill(before[name], signal.SIGKILL)
        stack.wait_for_words(f"{name} is ready again")
        assert f"{name} ended (killed by SIGKILL); starting it again" in stack.said()
        after = {one: stack.ask(one)["pid"] for one in PAIR}
        assert [one for one in PAIR if before[one] != after[one]] == [name]


def test_what_a_killed_service_had_started_goes_with_it(tmp_path: Path) -> None:
    with StackProcess(tmp_path, {"imagestore": "parent", "gateway": ""}) as stack:
        stack.wait_for_words("ready")
        child = int((stack.data / "imagestore.child").read_text())
        os.kill(stack.ask("imagestore")["pid"], signal.SIGKILL)
        stack.wait_for_words("imagestore is ready again")
        assert not lives(child)


def test_a_service_that_cannot_start_ends_the_stack_with_its_last_words(tmp_path: Path) -> None:
    with StackProcess(tmp_path, {"imagestore": "broken", "gateway": ""}) as stack:
        assert stack.end() == 1
        assert "imagestore ended at its start 3 times (exit code 3)" in stack.said()
        assert "  there is no such database" in stack.said()
        assert "Traceback" not in stack.said()
        assert stack.said().count("starting it again") == 2
        wait_until(lambda: not _listens(stack.ports["gateway"]))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(tmp_path: Path, number: signal.Signals) -> None:
    with StackProcess(tmp_path, {"imagestore": "parent", "gateway": ""}) as stack:
        stack.wait_for_words("ready")
        processes = [stack.ask(name)["pid"] for name in PAIR]
        processes += [int((stack.data / "imagestore.child").read_text()), stack.guard()]
        assert stack.end(number) == 0
        assert [lives(process) for process in processes] == [False] * 4
        assert sorted(path.stem for path in stack.data.glob("*.finished")) == ["gateway", "imagestore"]
        assert "Traceback" not in stack.said()


def test_a_signal_during_the_start_ends_everything(tmp_path: Path) -> None:
    with StackProcess(tmp_path, PAIR) as stack:
        wait_until((stack.data / "logs" / "gateway.log").exists)
        assert stack.end(signal.SIGTERM) == 0
        assert not any(_listens(port) for port in stack.ports.values())


def test_what_is_in_flight_is_finished_even_when_the_signal_comes_twice(tmp_path: Path) -> None:
    with StackProcess(tmp_path, {"imagestore": "", "gateway": "slow"}) as stack:
        stack.wait_for_words("ready")
        stack.process.send_signal(signal.SIGTERM)
        assert stack.end(signal.SIGTERM) == 0
        first, last = (stack.data / f"{name}.finished" for name in ("gateway", "imagestore"))
        assert int(first.read_text()) < int(last.read_text())


def test_a_service_that_never_finishes_is_killed(tmp_path: Path) -> None:
    with StackProcess(
        tmp_path, {"gateway": "", "imagestore": "stubborn"}, DARKROOM_STOP_SECONDS="1"
    ) as stack:
        stack.wait_for_words("ready")
        process = stack.ask("imagestore")["pid"]
        assert stack.end(signal.SIGTERM) == 0
        assert "imagestore did not finish" in stack.said()
        assert not lives(process)


def test_the_services_of_a_killed_runner_finish_and_end(tmp_path: Path) -> None:
    with StackProcess(tmp_path, {"imagestore": "parent", "gateway": "slow"}) as stack:
        stack.wait_for_words("ready")
        processes = [stack.ask(name)["pid"] for name in PAIR]
        processes += [int((stack.data / "imagestore.child").read_text()), stack.guard()]
        stack.end(signal.SIGKILL)
        with StackProcess(tmp_path, PAIR) as next_one:
            next_one.wait_for_words("ready")
            assert "still ending on this data folder" in next_one.said()
        assert (stack.data / "gateway.finished").exists()
        wait_until(lambda: not any(lives(process) for process in processes))


def test_a_killed_guard_is_replaced(tmp_path: Path) -> None:
    with StackProcess(tmp_path, PAIR) as stack:
        stack.wait_for_words("ready")
        processes = [stack.ask(name)["pid"] for name in PAIR]
        first = stack.guard()
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not lives(first))
        wait_until(lambda: _has_guard(stack))
        stack.end(signal.SIGKILL)
        wait_until(lambda: not any(lives(process) for process in processes))


def test_a_second_run_on_the_same_data_folder_is_refused(tmp_path: Path) -> None:
    with StackProcess(tmp_path, PAIR) as stack:
        stack.wait_for_words("ready")
        with StackProcess(tmp_path, PAIR) as second:
            assert second.end() == 1
            assert second.said() == (
                f"Another Darkroom (process {stack.process.pid}) runs on the data folder {stack.data};"
                " DARKROOM_DATA_DIR names another one.\n"
            )


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with StackProcess(tmp_path, PAIR, DARKROOM_IMAGESTORE_PORT=str(port)) as stack:
            assert stack.end() == 1
            assert stack.said() == (
                f"Port {port} for imagestore is taken; DARKROOM_IMAGESTORE_PORT sets another one.\n"
            )


NONSENSE = {
    ("DARKROOM_GATEWAY_PORT", "80000"): "DARKROOM_GATEWAY_PORT is '80000'; it must be a port, 1 to 65535.",
    ("DARKROOM_GATEWAY_PORT", "web"): "DARKROOM_GATEWAY_PORT is 'web'; it must be a port, 1 to 65535.",
    ("DARKROOM_GATEWAY_HOST", "192.0.2.1"): (
        "DARKROOM_GATEWAY_HOST is '192.0.2.1', which is no address of this machine."
    ),
    ("DARKROOM_LOGS", "paper"): "DARKROOM_LOGS is 'paper'; it can be files or console.",
    ("DARKROOM_STOP_SECONDS", "soon"): (
        "DARKROOM_STOP_SECONDS is 'soon'; it must be a number of seconds, up to 3600."
    ),
}


@pytest.mark.parametrize(("setting", "sentence"), NONSENSE.items())
def test_a_setting_without_sense_gets_one_sentence(
    tmp_path: Path, setting: tuple[str, str], sentence: str
) -> None:
    with StackProcess(tmp_path, PAIR, **dict([setting])) as stack:
        assert stack.end() == 1
        assert stack.said() == f"{sentence}\n"


def test_one_port_for_two_is_refused(tmp_path: Path) -> None:
    ports = {"DARKROOM_GATEWAY_PORT": "18999", "DARKROOM_IMAGESTORE_PORT": "18999"}
    with StackProcess(tmp_path, PAIR, **ports) as stack:
        assert stack.end() == 1
        assert "DARKROOM_IMAGESTORE_PORT and DARKROOM_GATEWAY_PORT are both 18999" in stack.said()


def test_a_data_folder_that_cannot_be_written_gets_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    with StackProcess(tmp_path, PAIR, DARKROOM_DATA_DIR=str(folder)) as stack:
        assert stack.end() == 1
        assert stack.said() == (
            f"The data folder {folder} cannot be written (Not a directory);"
            " DARKROOM_DATA_DIR names another one.\n"
        )


def test_each_run_has_its_logs_in_files(tmp_path: Path) -> None:
    for _ in range(2):
        with StackProcess(tmp_path, PAIR) as stack:
            stack.wait_for_words("ready")
    logs = tmp_path / "data" / "logs"
    assert (logs / "gateway.log").read_text() == "gateway says hello\n"
    assert (logs / "gateway.log.1").read_text() == "gateway says hello\n"


def test_logs_can_be_seen_on_the_console(tmp_path: Path) -> None:
    with StackProcess(tmp_path, PAIR, DARKROOM_LOGS="console") as stack:
        stack.wait_for_words("gateway    | gateway says hello\n")
        stack.wait_for_words("ready")
        assert (stack.data / "logs" / "gateway.log").read_text() == "gateway says hello\n"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _has_guard(stack: StackProcess) -> bool:
    try:
        return lives(stack.guard())
    except StopIteration:
        return False
