"""Each line of a log is one JSON object, wherever it comes from."""

import json
import subprocess
import sys
from typing import Any

from tests.scripts.stack_process import ROOT

PROGRAM = """
import asyncio, logging, threading, warnings
from shared import logging as ours
from shared.passing import pass_on
ours.configure("shelf")
log = ours.get_logger("part")
log.info("two\\nlines", password="hush")
logging.getLogger("uvicorn.error").warning("from %s", "uvicorn")
warnings.warn("old way", DeprecationWarning)

async def request():
    pass_on({"X-Request-ID": "abc"})
    log.info("in a request")
    logging.getLogger("library").error("in a request too")

async def forgotten():
    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    del task

async def fail():
    raise OSError("nobody asked")

asyncio.run(request())
asyncio.run(forgotten())
thread = threading.Thread(target=lambda: 1 / 0, name="worker")
thread.start()
thread.join()
raise RuntimeError("the end\\nof it")
"""


def test_every_line_is_json_and_names_its_process() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == ""
    lines: list[dict[str, Any]] = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["service"] for line in lines} == {"shelf"}
    assert all(line["timestamp"] and line["level"] for line in lines)
    told = {line["event"].partition("\n")[0]: line for line in lines}
    assert told["two"]["password"] == "[hidden]"
    assert told["from uvicorn"]["logger"] == "uvicorn.error"
    assert told["in a request"]["request_id"] == told["in a request too"]["request_id"] == "abc"
    assert "request_id" not in told["two"]
    assert "nobody asked" in told["Task exception was never retrieved"]["exception"]
    assert told["crash of a thread"]["thread"] == "worker"
    assert "ZeroDivisionError" in told["crash of a thread"]["exception"]
    assert told["crash"]["exception"].endswith("RuntimeError: the end\nof it")
    assert any("old way" in line["event"] for line in lines)
