import json
import os
import subprocess
import sys

import pytest

from tutelage.exceptions import UserError
from tutelage.store.runs import Run, is_held, write_whole


def test_a_finished_step_is_read_again_and_an_unfinished_one_is_not(tmp_path):
    with Run(tmp_path / "run") as run:
        step = run.step("fit", {"seed": 1})
        assert not step.done
        (step.folder / "half").write_text("written before the kill")
        step.finish({"score": 0.5})
    with Run(tmp_path / "run") as run:
        again = run.step("fit", {"seed": 1})
        assert again.done and again.result == {"score": 0.5}
        assert not run.step("fit", {"seed": 2}).done
        assert not run.step("predict", {"seed": 1}).done


def test_a_second_process_is_refused_while_the_first_works(tmp_path):
    folder = tmp_path / "run"
    with Run(folder):
        assert is_held(folder)
        with pytest.raises(UserError, match=f"pid {os.getpid()}.*is working in") as error:
            Run(folder).__enter__()
        assert "--out" in error.value.do
    assert not is_held(folder)


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    code = (
        "import sys, os, signal; from pathlib import Path; from tutelage.store.runs import Run\n"
        "with Run(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], check=False)
    with Run(tmp_path / "run"):
        pass


def test_a_folder_that_cannot_be_written_is_the_users_to_mend(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written") as error:
        Run(tmp_path / "file" / "run").__enter__()
    assert "--out" in error.value.do


def test_status_is_always_whole(tmp_path):
    with Run(tmp_path / "run") as run:
        run.status({"phase": "buying"})
        assert json.loads((run.folder / "status.json").read_text())["phase"] == "buying"
        assert not list(run.folder.glob(".status*"))


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    write_whole(path, b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
