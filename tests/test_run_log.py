"""The log of a run, as it goes on."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from restore import record


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_run_log_tells_as_it_goes(tmp_path: Path) -> None:
    with record.RunLog(tmp_path, {"task": "colorize", "seed": 42}) as log:
        assert re.fullmatch(r"restore-run-\d{8}T\d{6}Z-\d+\.jsonl", log.path.name)
        (start,) = lines_of(log.path)
        assert start["schema"] == "restore-run/1"
        assert start["settings"] == {"task": "colorize", "seed": 42}
        log.add({"status": "done", "input": "a-\udce9.jpg"})
        assert lines_of(log.path)[1] == {
            "event": "photo",
            "status": "done",
            "input": "a-\udce9.jpg",
        }
        log.finish({"done": 1, "failed": 0})
    assert [line["event"] for line in lines_of(log.path)] == ["start", "photo", "end"]
    assert lines_of(log.path)[-1]["done"] == 1
    assert lines_of(log.path)[-1]["status"] == "finished"


def test_the_log_of_an_interrupted_run_says_so(tmp_path: Path) -> None:
    def interrupted() -> None:
        with record.RunLog(tmp_path, {}) as log:
            log.add({"status": "done"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (path,) = tmp_path.iterdir()
    assert [line["event"] for line in lines_of(path)] == ["start", "photo", "end"]
    assert lines_of(path)[-1]["status"] == "interrupted"


def test_threads_share_a_run_log(tmp_path: Path) -> None:
    def work(log: record.RunLog, n: int) -> None:
        for k in range(50):
            log.add({"photo": f"{n}-{k}", "text": "x" * 5000})

    with record.RunLog(tmp_path, {}) as log:
        threads = [threading.Thread(target=work, args=(log, n)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log.finish({})
    photos = [line["photo"] for line in lines_of(log.path)[1:-1]]
    assert sorted(photos) == sorted(f"{n}-{k}" for n in range(4) for k in range(50))


def test_two_runs_at_once_have_two_logs(tmp_path: Path) -> None:
    with record.RunLog(tmp_path, {}) as one, record.RunLog(tmp_path, {}) as two:
        assert one.path != two.path
    assert len(list(tmp_path.glob("restore-run-*.jsonl"))) == 2
