"""The wheel, installed into an environment of its own outside of any checkout."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.support.commands import ROOT, environment


@pytest.fixture(scope="module")
def patterngan(tmp_path_factory):
    """The path of the command that pip installs, of an environment that has patterngan's dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", *offline, "--wheel-dir", folder, ROOT], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env")
    python = folder / "env" / "bin" / "python"
    subprocess.run([*pip, "--python", python, "install", *offline, wheel], check=True, capture_output=True)
    (packages,) = folder.glob("env/lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python.with_name("patterngan")


def test_the_command_trains_and_uses_a_run_in_the_current_directory(patterngan, tmp_path):
    def call(*words):
        line = [patterngan, *words]
        done = subprocess.run(line, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    quick = ("experiment=plain", "steps=40", "evaluate_every=20", "evaluation.samples=50")
    code, out, err = call("train", *quick)
    assert (code, err) == (0, "")
    (result,) = tmp_path.glob("outputs/*/*/result.json")
    run = result.parent.relative_to(tmp_path)
    assert f"if it is stopped, go on with: patterngan train ckpt_path={run}\n" in out
    assert f"integers   patterngan generate {run} -n 10\n" in out
    code, out, err = call("generate", str(run), "-n", "3")
    assert (code, len(out.split()), err) == (0, 3, "")
    assert call("sing") == (
        2,
        "",
        "error: patterngan sing: must be one of train, generate, evaluate, export, report, figures\n",
    )
    loaded = [patterngan.with_name("python"), "-c", "from patterngan.paths import CONF; print(CONF)"]
    conf = subprocess.run(loaded, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(conf).is_relative_to(patterngan.parents[1])
