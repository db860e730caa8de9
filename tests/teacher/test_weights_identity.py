from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tutelage.exceptions import UserError
from tutelage.teacher.weights_identity import weights_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_a_hub_id_is_known_by_name_and_revision(tmp_path: Path) -> None:
    one = weights_of("Qwen/Qwen2.5-0.5B", tmp_path)
    assert (one.place, one.name) == ("Qwen/Qwen2.5-0.5B", "Qwen2.5-0.5B")
    other = weights_of("Qwen/Qwen2.5-0.5B", tmp_path, revision="main")
    assert other.identity != one.identity == weights_of(one.place, tmp_path / "else").identity


def test_another_checkpoint_in_the_same_folder_is_another_model(model: Path) -> None:
    first = weights_of("mine", model.parent)
    assert first.place == str(model)
    (model / "model.safetensors").write_bytes(b"WEIGHTS")  # as long as before
    os.utime(model / "model.safetensors", ns=(1, 1))
    assert weights_of("mine", model.parent).identity != first.identity


def test_a_copy_elsewhere_is_the_same_model(model: Path) -> None:
    copy = model.parent / "copy"
    shutil.copytree(model, copy)
    (copy / "training.log").write_text("not part of it")
    assert weights_of(str(copy), Path()).identity == weights_of(str(model), Path()).identity


def test_a_revision_of_a_folder_and_folders_without_a_model_are_refused(model: Path) -> None:
    with pytest.raises(UserError, match="Only hub ids"):
        weights_of("mine", model.parent, revision="main")
    (model / "config.json").unlink()
    with pytest.raises(UserError, match=r"no config\.json"):
        weights_of("mine", model.parent)
    with pytest.raises(UserError, match="no model folder"):
        weights_of("./elsewhere", model.parent)
