"""What a stranger wrote is read without running it: checkpoints, run folders and sweep folders."""

import csv
import json
import math
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import pytest
import torch

from patterngan.runs import export
from patterngan.runs.loading import load_sampler
from patterngan.runs.resuming import is_harmless
from patterngan.storage import foreign
from patterngan.sweeps.resuming import standing
from patterngan.validation import UsageError, legible


class Payload:
    """A pickle that runs code when it is loaded carelessly."""

    def __reduce__(self):
        return print, ("EXECUTED",)


def damaged(kind, folder, run):
    """A file that is no checkpoint of ours."""
    path = folder / f"{kind}.ckpt"
    whole = (run / "checkpoints" / "last.ckpt").read_bytes()
    if kind == "junk":
        path.write_bytes(b"hello")
    elif kind == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "text":
        path.write_text("not a checkpoint")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "foreign":
        torch.save({"state_dict": {}, "global_step": 3}, path)
    elif kind == "tensor":
        torch.save(torch.ones(3), path)
    elif kind == "malicious":
        torch.save({"patterngan": Payload()}, path)
    elif kind == "pickle":
        path.write_bytes(pickle.dumps(Payload()))
    elif kind == "pickled.pt":
        torch.save({"patterngan": Payload()}, path := folder / kind, _use_new_zipfile_serialization=False)
    elif kind in ("generator.ts", "generator.pt2"):
        sampler = load_sampler(run)
        make = export.torchscript if kind == "generator.ts" else export.torch_export
        (path := folder / kind).write_bytes(make(sampler, torch.zeros(3, 7)))
    elif kind == "compressed":  # as gigabytes of zeros could be
        path.write_bytes(whole)
        with zipfile.ZipFile(path) as stored, zipfile.ZipFile(folder / "b", "w", zipfile.ZIP_DEFLATED) as compressed:
            for name in stored.namelist():
                compressed.writestr(name, stored.read(name))
        (folder / "b").replace(path)
    else:
        content = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
        if kind == "yaml":
            content["patterngan"]["settings"] = "{a: ["
        elif kind == "interpolation":
            content["patterngan"]["settings"]["noise"]["dim"] = "${oc.env:HOME}"
        elif kind == "weights":
            content["state_dict"] = 3
        elif kind == "step":
            content["global_step"] = -5
        elif kind == "optimizers":
            del content["optimizer_states"]
        elif kind == "repeated":
            content["state_dict"]["generator.0.weight"] = torch.zeros(1, 1).expand(10**6, 10**6)
        elif kind == "sparse":
            content["state_dict"]["generator.0.weight"] = torch.zeros(7, 7).to_sparse()
        elif kind == "nan":
            content["state_dict"]["generator.0.weight"][0, 0] = math.nan
        elif kind == "shared":
            for _ in range(60):
                content["patterngan"]["settings"]["noise"] = [content["patterngan"]["settings"]["noise"]] * 9
        elif kind == "itself":
            content["patterngan"]["settings"]["noise"] = itself = []
            itself.append(itself)
        torch.save(content, path)
    return path


KINDS = ["junk", "truncated", "text", "empty", "foreign", "tensor", "malicious"]
KINDS += ["yaml", "interpolation", "weights", "step", "optimizers"]
KINDS += [
    "pickle",
    "pickled.pt",
    "generator.ts",
    "generator.pt2",
    "compressed",
    "repeated",
    "sparse",
    "nan",
    "shared",
    "itself",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_no_checkpoint(typed, tmp_path_factory, evens, kind, monkeypatch):
    path = damaged(kind, tmp_path_factory.mktemp("files"), evens)
    for loader in (torch.jit, torch.export):
        monkeypatch.setattr(loader, "load", lambda *_: pytest.fail("loaded"))
    for script, argument in (
        ("train", f"ckpt_path={path}"),
        ("generate", str(path)),
        ("evaluate", str(path)),
        ("export", str(path)),
    ):
        done = typed(script, argument)
        assert (done.code, done.out, done.made) == (2, "", [])
        found = "generator.0.weight holds what is no finite number" if kind == "nan" else "not a "
        assert done.err.startswith(f"error: {'ckpt_path=' * (script == 'train')}{path}: {found}")
        assert done.err.count("\n") == 1


@pytest.fixture
def evil(tmp_path_factory, evens):
    """Writes a stranger's checkpoint; a pickle lies beside it that prints EXECUTED where it is loaded carelessly."""
    folder = tmp_path_factory.mktemp("strangers")
    torch.save(Payload(), folder / "payload.pt")

    def write(change):
        content = torch.load(evens / "checkpoints" / "last.ckpt", weights_only=True)
        change(content["patterngan"], folder / "payload.pt")
        torch.save(content, folder / "evil.ckpt")
        return folder / "evil.ckpt"

    return write


TARGETS = [
    "os.system",
    "builtins.eval",
    "torch.load",
    "patterngan.cli.script",
    "patterngan.training.datamodule.torch.load",
]


@pytest.mark.parametrize("target", TARGETS)
def test_a_config_that_names_code_of_its_own(typed, evil, target):
    path = evil(lambda ours, file: ours["settings"].update(pattern={"_target_": target, "f": str(file)}))
    for script in ("generate", "evaluate", "export"):
        done = typed(script, str(path))
        assert (done.code, done.out, done.made) == (2, "", [])
        assert f"_target_={target}: a loaded config may only name functions of patterngan" in done.err


@pytest.mark.parametrize("escape", ["", "\\"])
def test_a_config_that_builds_code_of_its_own(typed, evil, escape):
    def change(ours, file):
        call = f"{{_tar\\x67et_: torch.load, f: {file}, weights_only: false}}"
        ours["settings"]["noise"] = f"{escape}${{oc.create:'{call}'}}"

    path = evil(change)
    for script in ("generate", "evaluate", "export"):
        done = typed(script, str(path))
        assert (done.code, done.out, done.made) == (2, "", [])
        assert done.err == f"error: {path}: not a checkpoint of patterngan\n"


def test_overrides_of_a_strangers_checkpoint_run_no_code_and_write_nowhere(typed, tmp_path, evil):
    def change(ours, file):
        load = f"f: {file}, weights_only: false"
        ours["overrides"] += [
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

    done = typed("train", f"ckpt_path={evil(change)}", "hydra.run.dir=here")
    assert done.code == 0, done.err
    assert "EXECUTED" not in done.out
    assert {path.name for path in tmp_path.iterdir()} == {"here"}


HUGE = {
    "width": (
        ["architecture"],
        {
            "width": 2**16,
            "generator": {
                "_target_": "patterngan.gan.networks.mlp",
                "width": 2**16,
                "depth": 1000,
                "activation": "relu",
            },
        },
        "weights of other shapes",
    ),
    "capacity": (["encoding", "capacity"], 2**60, "weights of other shapes"),
    "noise": (["noise", "dim"], 2**16, "weights of other shapes"),
}
"""What would take terabytes → where it stands in the settings, what stands there, what is said."""


@pytest.mark.parametrize("what", HUGE)
def test_settings_that_ask_for_huge_networks(typed, evil, what):
    place, value, line = HUGE[what]

    def change(ours, file):
        node = ours["settings"]
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = node[place[-1]] | value if isinstance(value, dict) else value

    path = evil(change)
    for script, argument in (("generate", str(path)), ("evaluate", str(path)), ("train", f"ckpt_path={path}")):
        done = typed(script, argument)
        assert (done.code, done.out, done.made) == (2, "", [])
        assert any(part in done.err for part in (line, "GiB of memory", "which conf/ no longer has"))
        assert done.err.count("\n") == 1


def test_settings_that_ask_for_a_huge_evaluation(typed, evil, monkeypatch):
    monkeypatch.setattr("patterngan.runs.assembly.free_bytes", lambda device: 2**30)
    monkeypatch.setattr("patterngan.gan.noise.Bits.enumerate", lambda *_: None)
    path = evil(lambda ours, file: ours["settings"]["evaluation"].update(samples=2**24))
    done = typed("evaluate", str(path))
    assert done.err.startswith("error: evaluation.samples=16777216: a run needs about ")
    assert typed("evaluate", str(path), "--samples", "100").code == 0


ODD = [
    None,
    3,
    math.nan,
    "",
    "???",
    "'\\",
    [[]],
    {},
    {"_target_": "patterngan.training.datamodule.PatternData"},
    {"_partial_": True},
]


@pytest.mark.parametrize("key", ["pattern", "architecture", "seed", "penalty"])
def test_settings_of_any_kind(typed, evil, key):
    for odd in ODD:
        path = evil(lambda ours, file, odd=odd: ours["settings"].update({key: odd}))
        for script, *arguments in (("generate", path), ("evaluate", path), ("train", f"ckpt_path={path}", "steps=500")):
            done = typed(script, *map(str, arguments), *["hydra.run.dir=/proc/none"] * (script == "train"))
            assert done.code in (0, 2)
            assert done.err.count("\n") == (done.code == 2), done.err


@pytest.mark.parametrize(
    "change",
    [
        lambda states: states[0].update(state={0: {"step": torch.ones(()), "exp_avg": torch.ones(3)}}),
        lambda states: states[0].update(param_groups=[]),
        lambda states: states[1].clear(),
    ],
)
def test_states_of_other_optimizers(typed, tmp_path_factory, evens, change):
    content = torch.load(evens / "checkpoints" / "last.ckpt", weights_only=True)
    change(content["optimizer_states"])
    torch.save(content, path := tmp_path_factory.mktemp("states") / "x.ckpt")
    done = typed("train", f"ckpt_path={path}", "steps=501", "hydra.run.dir=new")
    assert (done.code, done.made) == (2, [])
    assert done.err == f"error: ckpt_path={path}: states of other optimizers\n"


def test_what_else_is_in_a_checkpoint_is_not_looked_at(typed, tmp_path_factory, evens):
    content = torch.load(evens / "checkpoints" / "last.ckpt", weights_only=True)
    content |= {"loops": {"fit_loop": 3}, "pytorch-lightning_version": "0.0.1", "lr_schedulers": [3], "PatternData": 1}
    torch.save(content, path := tmp_path_factory.mktemp("more") / "best")  # a word of Lightning's own
    done = typed("train", f"ckpt_path={path}", "steps=510", "hydra.run.dir=new")
    assert (done.code, done.err) == (0, "")


@pytest.fixture
def sweep(tmp_path):
    """Writes a stranger's sweep of one run, and returns its folder."""

    def write(name="0", **changes):
        result = {
            "status": "completed",
            "seed": 0,
            "steps": 9,
            "wall_seconds": 1.5,
            "overrides": ["lr=1"],
            "error": None,
        }
        run = tmp_path / "sweep" / name
        (run / ".hydra").mkdir(parents=True)
        (run / "result.json").write_text(json.dumps({**result, "metrics": {"validity": 1.0, "tv": 0.5}, **changes}))
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


def test_what_is_legible_stays():
    assert legible("→ ü 木 a\nb") == "→ ü 木 a\nb"
    assert legible("\x1b[31m\r\udcff") == r"\x1b[31m\r\udcff"


COMMANDS = ["+callbacks.x={_target_: os.system}", "hydra.searchpath=[file:///evil]", "--config-dir=/evil"]
COMMANDS += [
    "experiment=../../evil",
    "hydra.launcher.address=evil:1",
    "lr=${oc.env:HOME}",
    "a@hydra.callbacks.x=multiples",
]


@pytest.mark.parametrize("override", COMMANDS)
def test_no_page_shows_a_command_that_would_run_code(typed, sweep, override):
    assert not is_harmless(override)
    folder = sweep(overrides=["lr=1", override])
    (folder / "multirun.yaml").write_text(json.dumps({"hydra": {"overrides": {"task": [override], "hydra": []}}}))
    assert typed("report", str(folder)).code == 0
    assert typed("report", str(folder / "0")).code == 0
    for page in folder.rglob("report.html"):
        assert "same run again" not in page.read_text()
        assert "same sweep again" not in page.read_text()


@pytest.mark.parametrize(
    "override", ["lr=1e-3,1e-4", "~callbacks.pictures", "hydra/launcher=joblib", "penalty=[r1,r2]"]
)
def test_commands_that_choose_and_set_are_shown(typed, sweep, override):
    folder = sweep(overrides=[override])
    assert typed("report", str(folder / "0")).code == 0
    assert "same run again" in (folder / "0" / "report.html").read_text()


def test_no_spreadsheet_takes_a_text_for_a_formula(typed, sweep):
    folder = sweep(overrides=["lr==cmd|' /C calc'!A0", "=1+1=2", "seed=-1", "+x=+2"], error="@SUM(1)")
    assert typed("report", str(folder)).code == 0
    with (folder / "sweep.csv").open() as file:
        head, line = csv.reader(file)
    assert not [cell for cell in [*head, *line] if cell[:1] in ("=", "@")]
    assert "-1" in line


def test_no_link_leads_a_report_elsewhere(typed, sweep, tmp_path):
    folder = sweep()
    (outside := tmp_path / "outside").mkdir()
    (outside / "file").write_text("mine")
    shutil.copytree(folder / "0", outside / "run")
    for name in (".report.html.tmp", "report.html", ".sweep.csv.tmp"):
        (folder / name).symlink_to(outside / "file")
    (folder / "0" / ".report.html.tmp").symlink_to(outside / "file")
    (folder / "0" / ".hydra" / "config.yaml").symlink_to(outside / "file")
    (folder / "1").symlink_to(outside / "run")
    before = sorted(outside.rglob("*"))
    assert typed("report", str(folder), "--all").code == 0
    assert (outside / "file").read_text() == "mine"
    assert sorted(outside.rglob("*")) == before
    assert "mine" not in (folder / "0" / "report.html").read_text()


def test_pipes_without_end_are_no_files(typed, sweep):
    folder = sweep()
    (folder / "0" / "result.json").unlink()
    os.mkfifo(folder / "0" / "result.json")
    done = typed("report", str(folder))
    assert (done.code, done.err) == (2, f"error: {folder}/0/result.json: is no result of a run\n")


NUMBERS = [{"steps": 10**4000}, {"metrics": {"tv": 10**400}}, {"wall_seconds": math.nan}, {"seed": -(10**99)}]


@pytest.mark.parametrize("changes", NUMBERS)
def test_numbers_that_cannot_be_shown(typed, sweep, changes):
    folder = sweep(**changes)
    for path in (folder, folder / "0"):
        done = typed("report", str(path))
        assert (done.code, done.err) == (2, f"error: {folder}/0/result.json: is no result of a run\n")


def test_a_config_that_calls_or_unfolds_is_no_runs(sweep, tmp_path):
    folder = sweep(status="failed") / "0"
    for text in ("seed: ${oc.env:HOME}", "a: &a [1]\nb: *a", "[" * 10**4, "seed: !!python/object/apply:os.system [ls]"):
        (folder / ".hydra" / "config.yaml").write_text(text)
        with pytest.raises(UsageError, match="holds a run of another configuration"):
            standing(folder, {"seed": os.environ["HOME"]})


@pytest.mark.parametrize("name", ["-n", "--help", "--output=x"])
def test_folders_that_look_like_flags(typed, evens, tmp_path, name):
    shutil.copytree(evens, tmp_path / name)
    done = typed("report", f"./{name}")
    assert (done.code, done.out) == (0, f"./{name}/report.html\n")
    page = (tmp_path / name / "report.html").read_text()
    assert f"generate.py ./{name} -n 10" in page
    assert typed("generate", f"./{name}").code == 0


def test_what_is_loaded_is_no_larger_than_its_file(tmp_path):
    with pytest.raises(ValueError, match="larger than it is"):
        foreign.load(saved(tmp_path, torch.zeros(1).expand(10**9)))
    with pytest.raises(ValueError, match="larger than it is"):
        foreign.load(saved(tmp_path, [one.view(-1) for one in [torch.zeros(10**5)] * 1000]))
    kept = foreign.load(saved(tmp_path, {"a": torch.eye(3).T, "b": [1, 2.5, None, "x", True], 3: (torch.ones(()),)}))
    assert kept["b"] == [1, 2.5, None, "x", True]


def saved(folder, content) -> bytes:
    torch.save(content, folder / "file")
    return Path(folder / "file").read_bytes()
