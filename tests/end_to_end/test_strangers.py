"""What a stranger wrote is read without running it: checkpoints, run folders and sweep folders."""

import csv
import json
import math
import pickle
import shutil

import pytest
import torch

from patterngan.reporting.overrides import is_harmless
from patterngan.runs import export
from patterngan.runs.loading import load_sampler
from patterngan.sweeps.resuming import earlier_result
from patterngan.validation import UsageError
from tests.reporting.test_search import note


class Payload:
    """A pickle that runs code when it is loaded carelessly."""

    def __reduce__(self):
        return print, ("EXECUTED",)


@pytest.fixture
def content(evens):
    """What a run's last checkpoint holds."""
    return torch.load(evens / "checkpoints" / "last.ckpt", weights_only=True)


@pytest.fixture
def stranger(tmp_path_factory, content):
    """Writes a stranger's checkpoint; a pickle lies beside it that prints EXECUTED where it is loaded carelessly."""
    folder = tmp_path_factory.mktemp("strangers")
    torch.save(Payload(), folder / "payload.pt")

    def write(change):
        change(content)
        torch.save(content, folder / "evil.ckpt")
        return folder / "evil.ckpt"

    return write


def require_refused(typed, path, *scripts):
    """Checks that scripts refuse a checkpoint in one line; returns the lines."""
    lines = []
    for script in scripts:
        done = typed(script, f"ckpt_path={path}" if script == "train" else str(path))
        assert (done.code, done.out, done.made) == (2, "", [])
        assert done.err.rstrip("\n").isprintable()
        lines.append(done.err.removeprefix("error: ").removeprefix("ckpt_path="))
    return lines


RAW = {"junk": b"hello", "empty": b"", "pickle": pickle.dumps(Payload())}
SAVED = {"foreign": {"state_dict": {}, "global_step": 3}, "tensor": torch.ones(3), "code": {"patterngan": Payload()}}
EXPORTS = {"generator.ts": export.torchscript, "generator.pt2": export.torch_export}


@pytest.mark.parametrize("kind", ["truncated", *RAW, *SAVED, *EXPORTS])
def test_a_file_that_is_no_checkpoint(typed, tmp_path_factory, evens, kind):
    path = tmp_path_factory.mktemp("files") / kind
    if kind in EXPORTS:
        path.write_bytes(EXPORTS[kind](load_sampler(evens), torch.zeros(3, 7)))
    elif kind in SAVED:
        torch.save(SAVED[kind], path)
    else:
        path.write_bytes(
            RAW.get(kind) or (evens / "checkpoints" / "last.ckpt").read_bytes()[: 3000 * (kind != "empty")]
        )
    for line in require_refused(typed, path, "train", "generate", "evaluate", "export"):
        assert line.startswith(f"{path}: not a ")


INNER = "generator.0.weight"
CHANGES = {
    "settings": (lambda it: it["patterngan"].update(settings="{a: ["), "not a checkpoint of patterngan"),
    "interpolation": (
        lambda it: it["patterngan"]["settings"]["noise"].update(dim="${oc.env:HOME}"),
        "not a checkpoint of patterngan",
    ),
    "weights": (lambda it: it.update(state_dict=3), "not a checkpoint of patterngan"),
    "step": (lambda it: it.update(global_step=-5), "not a checkpoint of patterngan"),
    "optimizers": (lambda it: it.update(optimizer_states=3), "not a checkpoint of patterngan"),
    "shape": (lambda it: it["state_dict"].update({INNER: torch.zeros(2)}), f"weights of other shapes: {INNER}"),
    "nan": (lambda it: it["state_dict"][INNER].fill_(math.nan), f"{INNER} holds what is no finite number"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_checkpoint_with_something_wrong_inside(typed, stranger, change):
    path = stranger(CHANGES[change][0])
    for line in require_refused(typed, path, "train", "generate", "evaluate", "export"):
        assert line.startswith(f"{path}: {CHANGES[change][1]}")


@pytest.mark.parametrize(
    "target",
    ["os.system", "builtins.eval", "torch.load", "patterngan.cli.script", "patterngan.training.datamodule.torch.load"],
)
def test_a_config_that_names_code_of_its_own(typed, stranger, target):
    path = stranger(lambda it: it["patterngan"]["settings"].update(pattern={"_target_": target, "f": "payload.pt"}))
    for line in require_refused(typed, path, "generate", "evaluate", "export"):
        assert f"_target_={target}: a loaded config may only name " in line


@pytest.mark.parametrize("escape", ["", "\\"])
def test_a_config_that_builds_code_of_its_own(typed, stranger, escape):
    call = "{_tar\\x67et_: torch.load, f: payload.pt, weights_only: false}"
    noise = f"{escape}${{oc.create:'{call}'}}"
    path = stranger(lambda it: it["patterngan"]["settings"].update(noise=noise))
    for line in require_refused(typed, path, "generate", "evaluate", "export"):
        assert line == f"{path}: not a checkpoint of patterngan\n"


def test_overrides_of_a_strangers_checkpoint_run_no_code_and_write_nowhere(typed, tmp_path, stranger):
    path = stranger(lambda it: None)
    load = f"f: {path.with_name('payload.pt')}, weights_only: false"
    overrides = [
        "pattern._target_=torch.load",
        f"+callbacks.evil={{_target_:torch.load,{load}}}",
        f"+callbacks.worse='${{oc.create:\"{{_tar${{oc.env:NOPE,get_}}: torch.load, {load}}}\"}}'",
        "hydra.callbacks.check._target_=torch.load",
        "pattern@hydra.callbacks.x=multiples",
        "pattern=../../../elsewhere",
        "logger.name=ELSEWHERE",
        "hydra.run.dir=ELSEWHERE",
        "optimized_metric=${oc.env:HOME}",
        "not an override [",
    ]
    path = stranger(lambda it: it["patterngan"]["overrides"].extend(overrides))
    done = typed("train", f"ckpt_path={path}", "hydra.run.dir=here")
    assert done.code == 0, done.err
    assert "EXECUTED" not in done.out
    assert {path.name for path in tmp_path.iterdir()} == {"here"}


ODD = (None, "???", [[]], {"_target_": "patterngan.training.datamodule.PatternData"})


@pytest.mark.parametrize("key", ["pattern", "seed"])
def test_settings_of_any_kind_are_used_or_refused(typed, stranger, key):
    for odd in ODD:
        path = stranger(lambda it, odd=odd: it["patterngan"]["settings"].update({key: odd}))
        for script, *arguments in (("generate", str(path)), ("train", f"ckpt_path={path}", "hydra.run.dir=/proc/none")):
            assert typed(script, *arguments).code in (0, 2)


@pytest.mark.parametrize(
    "change",
    [
        lambda states: states[0].update(state={0: {"step": torch.ones(()), "exp_avg": torch.ones(3)}}),
        lambda states: states[0].update(param_groups=[]),
        lambda states: states[1].clear(),
    ],
)
def test_states_of_other_optimizers(typed, stranger, change):
    path = stranger(lambda it: change(it["optimizer_states"]))
    assert require_refused(typed, path, "train") == [f"{path}: states of other optimizers\n"]


def test_what_else_is_in_a_checkpoint_is_not_looked_at(typed, stranger):
    more = {"loops": {"fit_loop": 3}, "pytorch-lightning_version": "0.0.1", "lr_schedulers": [3], "PatternData": 1}
    path = stranger(lambda it: it.update(more))
    done = typed("train", f"ckpt_path={path}", "steps=510", "hydra.run.dir=new")
    assert (done.code, done.err) == (0, "")


@pytest.fixture
def sweep(tmp_path):
    """Writes a stranger's sweep of one run, and returns its folder."""

    def write(name="0", **changes):
        result = {"status": "completed", "seed": 0, "steps": 9, "wall_seconds": 1.5, "error": None}
        result |= {"overrides": ["lr=1"], "metrics": {"validity": 1.0, "tv": 0.5}}
        (tmp_path / "sweep" / name / ".hydra").mkdir(parents=True)
        (tmp_path / "sweep" / name / "result.json").write_text(json.dumps(result | changes))
        return tmp_path / "sweep"

    return write


EVIL = "<script>alert(1)</script>\x1b]52;c;ZXZpbA==\x07\u202e"
"""HTML, what sets a terminal's clipboard, and what turns the direction of writing."""


def test_what_is_told_of_a_strangers_sweep_commands_no_terminal_and_no_browser(typed, sweep):
    folder = sweep(overrides=[f"lr={EVIL}", f"{EVIL}=3"])
    sweep(name=f"1{EVIL.replace('/', '')}", status="failed", error=EVIL, metrics={})
    done = typed("report", str(folder))
    assert (done.code, done.err) == (0, "")
    assert all(sign.isprintable() or sign == "\n" for sign in done.out)
    assert r"\x1b]52;c;" in done.out
    for page in folder.rglob("report.html"):
        assert "<script>alert" not in page.read_text()
    done = typed("report", str(folder / "1\x1b[31m"))
    assert done.err == f"error: {folder}/1\\x1b[31m: no such folder; a sweep's folder is needed\n"


@pytest.mark.parametrize("override", ["lr=1e-3,1e-4", "+callbacks.x={_target_: os.system}", "--config-dir=/evil"])
def test_a_page_shows_a_command_only_where_it_runs_no_code(typed, sweep, override):
    folder = sweep(overrides=["lr=1", override])
    (folder / "multirun.yaml").write_text(json.dumps({"hydra": {"overrides": {"task": [override], "hydra": []}}}))
    for path, same in ((folder, "same sweep again"), (folder / "0", "same run again")):
        assert typed("report", str(path)).code == 0
        assert (same in (path / "report.html").read_text()) is is_harmless(override)


@pytest.mark.parametrize("override", ["steps=9", "+callbacks.x={_target_: os.system}", "hydra.launcher.address=evil:1"])
def test_a_search_goes_on_only_where_that_runs_no_code(typed, sweep, override):
    folder = sweep(overrides=["lr=0.1", override])
    note(folder, {"task": ["lr=interval(0, 1)", override], "hydra": ["hydra/sweeper=optuna"]}, params={})
    done = typed("report", str(folder))
    assert done.code == 0
    assert "\nbest       trial 0 of 1" in done.out
    assert ("\ngo on      " in done.out) is is_harmless(override)
    assert ("More trials" in (folder / "report.html").read_text()) is is_harmless(override)


def test_no_spreadsheet_takes_a_text_for_a_formula(typed, sweep):
    folder = sweep(overrides=["lr==cmd|' /C calc'!A0", "=1+1=2", "+y=-1", "+x=+2"], error="@SUM(1)")
    assert typed("report", str(folder)).code == 0
    with (folder / "sweep.csv").open() as file:
        head, line = csv.reader(file)
    assert not [cell for cell in [*head, *line] if cell[:1] in ("=", "@")]
    assert "-1" in line


def test_no_link_leads_a_report_elsewhere(typed, sweep, tmp_path):
    folder = sweep()
    (tmp_path / "mine").write_text("mine")
    for name in (".report.html.tmp", "report.html", ".sweep.csv.tmp", "0/.report.html.tmp"):
        (folder / name).symlink_to(tmp_path / "mine")
    assert typed("report", str(folder), "--all").code == 0
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("changes", [{"metrics": {"tv": 10**400}}, {"wall_seconds": math.nan}])
def test_numbers_that_cannot_be_shown(typed, sweep, changes):
    folder = sweep(**changes)
    for path in (folder, folder / "0"):
        done = typed("report", str(path))
        assert (done.code, done.err) == (2, f"error: {folder}/0/result.json: is no result of a run\n")


@pytest.mark.parametrize("text", ["seed: !!python/object/apply:os.system [ls]", "[" * 10**4])
def test_a_config_that_is_no_plain_yaml_is_no_runs(sweep, text):
    folder = sweep(status="failed") / "0"
    (folder / ".hydra" / "config.yaml").write_text(text)
    with pytest.raises(UsageError, match="holds a run of another configuration"):
        earlier_result(folder, {"seed": 0})


def test_a_folder_that_looks_like_a_flag(typed, evens, tmp_path):
    shutil.copytree(evens, tmp_path / "--help")
    done = typed("report", "./--help")
    assert (done.code, done.out) == (0, "./--help/report.html\n")
    assert "generate.py ./--help -n 10" in (tmp_path / "--help" / "report.html").read_text()
    assert typed("generate", "./--help").code == 0
