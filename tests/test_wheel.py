"""The wheel holds all that the package needs to work in an empty folder."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "tutelage"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


def test_every_file_of_the_package_is_in_the_wheel(wheel: Path):
    packed = set(zipfile.ZipFile(wheel).namelist())
    needed = {
        f"tutelage/{path.relative_to(SOURCE).as_posix()}"
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert not needed - packed
    assert any(name.endswith("licenses/LICENSE") for name in packed)


def test_it_works_in_an_empty_folder(wheel: Path, tmp_path: Path):
    unpacked = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(unpacked)
    empty = tmp_path / "empty"
    empty.mkdir()
    code = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r}); import tutelage; "
        f"assert tutelage.__file__.startswith({str(unpacked)!r}); "
        "from tutelage.cli import main; main()"
    )
    for arguments in (["recipes"], ["recipes", "smanli"], ["check", "quickstart"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=empty, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()
