"""Crashes are counted by supervisord's event protocol."""

import io
from pathlib import Path

from workbench.platform.restart_counter import listen, read_restarts


def event(name: str) -> str:
    payload = f"processname:{name} groupname:{name} from_state:RUNNING expected:0 pid:7"
    header = f"ver:3.0 server:supervisor serial:1 pool:x poolserial:1 eventname:PROCESS_STATE_EXITED len:{len(payload)}"
    return f"{header}\n{payload}"


def test_nothing_has_crashed_yet(tmp_path: Path) -> None:
    assert read_restarts(tmp_path / "none.json") == {}


def test_each_crash_is_counted_for_its_program_and_acknowledged(tmp_path: Path) -> None:
    answers, file = io.StringIO(), tmp_path / "restarts.json"
    listen(io.StringIO(event("blog") + event("auth") + event("blog")), answers, file)
    assert read_restarts(file) == {"blog": 2, "auth": 1}
    assert answers.getvalue() == "READY\nRESULT 2\nOK" * 3 + "READY\n"
