from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from signalpost import demo, demo_project


def test_a_failure_is_one_line_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert demo.main() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("signalpost: the demo failed. [Errno 2] No such file or directory:")
    assert err.count("\n") == 1


def test_its_folder_is_gone_whatever_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(demo_project, "choose", fail)
    with pytest.raises(ZeroDivisionError):  # a fault of ours is not hidden
        demo.main()
    assert os.listdir(tmp_path) == []
