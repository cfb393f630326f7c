"""Words, flags, Hydra's own keys and arguments of scripts that cannot be: one line, exit code 2, nothing made."""

import os

import pytest
import torch

NO_OVERRIDE = "is no override; quote a value with other signs twice: \"key='value'\""
PATTERNS = "must be one of bars_and_stripes, cardinality, listed, multiples, parity, primes"
SWEEP = "several values at once are a sweep; add -m (a list is written [a,b])"

COMMANDS = {
    ("",): "'': is no override; write key=value",
    (" ",): "' ': is no override; write key=value",
    ("a",): "a: is no override; write key=value",
    ("-",): "-: is no override; write key=value",
    ("-1",): "-1: is no override; write key=value",
    ("'",): "': is no override; write key=value",
    ("~",): "~: is no override; write key=value",
    ("+",): "+: is no override; write key=value",
    ("~~lr",): "~~lr: is no override; write key=value",
    ("lr:1",): "lr:1: is no override; write key=value",
    ("lr==1",): f"lr==1: {NO_OVERRIDE}",
    ("lr:=1",): f"lr:=1: {NO_OVERRIDE}",
    ("lr = 1",): f"lr = 1: {NO_OVERRIDE}",
    (".lr=1",): f".lr=1: {NO_OVERRIDE}",
    ("pattern.=3",): f"pattern.=3: {NO_OVERRIDE}",
    ("pattern..k=3",): f"pattern..k=3: {NO_OVERRIDE}",
    ("pattern@x:y=primes",): f"pattern@x:y=primes: {NO_OVERRIDE}",
    ("lr=[1",): f"lr=[1: {NO_OVERRIDE}",
    ("lr='a",): f"lr='a: {NO_OVERRIDE}",
    ("lr=\n1",): f"lr=\\n1: {NO_OVERRIDE}",
    ("lr=\x1b[31m",): f"lr=\\x1b[31m: {NO_OVERRIDE}",
    ("lr=\udcff",): f"lr=\\udcff: {NO_OVERRIDE}",
    ("ünï=1",): f"ünï=1: {NO_OVERRIDE}",
    ("pattern=3",): f"pattern=3: {PATTERNS}",
    ("pattern=true",): f"pattern=true: {PATTERNS}",
    ("pattern=[primes,3]",): f"pattern=[primes,3]: {PATTERNS}",
    ("-m", "pattern=1,2"): f"pattern=1,2: {PATTERNS}",
    ("hydra=1",): "hydra=1: must be typed key by key, such as hydra.run.dir=folder",
    ("hydra/launcher=null",): "hydra/launcher=null: must be an option that python train.py --hydra-help lists",
    ("--experimental-rerun", "x.pickle"): "--experimental-rerun: runs what a file holds; "
    "type what its .hydra/overrides.yaml lists",
    ("--exp=x",): "--experimental-rerun: runs what a file holds; type what its .hydra/overrides.yaml lists",
    ("--package", "x"): "--package=x: chooses what --cfg prints; add --cfg job",
    ("--cfg", "job", "-p", "nothing"): "package 'nothing' not found in config",
    ("--info", "x"): "argument --info/-i: invalid choice: 'x' (choose from 'all', 'config', 'defaults', "
    "'defaults-tree', 'plugins', 'searchpath')",
    ("--config-name", "x"): "Cannot find primary config 'x'. Check that it's in your config search path.",
    ("--config-dir", "/nowhere/at/all"): "Additional config directory '/nowhere/at/all' not found",
    ("lr=0.1", "-m", "seed=0,1", "--", "x"): "x: is no override; write key=value",
    ("lr=range(1,3)",): f"lr=range(1,3): {SWEEP}",
    ("experiment=../../x",): "experiment=../../x: must be one of dirac, even_numbers, multiples_of_five, "
    "multiples_of_seven, multiples_of_three, odd_numbers, plain, study_evens, study_fives",
    ("hydra.job.chdir=abc",): "hydra.job.chdir=abc: Value 'abc' is not a valid bool (type str)",
    ("hydra.job.env_copy=[NOT_SET]",): "hydra.job.env_copy=[NOT_SET]: cannot be used by Hydra (KeyError: 'NOT_SET')",
    ("hydra.run.dir=",): "hydra.run.dir=: must name a folder",
    ("hydra.run.dir=${nothing}",): "hydra.run.dir: Interpolation key 'nothing' not found",
    ("pattern.k=${oc.env:PATTERNGAN_TEST}",): "pattern.k=../../x: must be an integer from 1 to 2^62",
    ("lr=1e-320",): "lr=1e-320: must be 0 or of a size from 1e-38 to 3.4e+38 (single precision)",
    ("update.ema=0.99999999",): "update.ema=0.99999999: must be below 1",
    ("trainer.deterministic=0",): "trainer.deterministic=0: must be true, false or warn",
    ("trainer.devices=[0]",): "trainer.devices=[0]: picks among GPUs; must be 1 where accelerator is cpu",
    ("+trainer.profiler=3",): "trainer.profiler=3: must be one of simple, advanced, pytorch",
    ("+trainer.enable_progress_bar=x",): "trainer.enable_progress_bar=x: must be true or false",
    ("architecture.generator._target_=builtins.dict",): "architecture.generator: its _target_ builtins.dict "
    "makes no Module",
    ("+pattern._partial_=true",): "pattern: its _target_ patterngan.data.patterns.Multiples makes no Pattern",
    ("+callbacks.x={_target_:builtins.dict}",): "callbacks.x: its _target_ builtins.dict makes no Callback",
    ("-m", "seed=range(0,3,0)"): "seed=range(0,3,0): cannot be swept (range() arg 3 must not be zero)",
    ("-m", "seed=0,1", "hydra.sweep.dir="): "hydra.sweep.dir=: must name a folder",
    ("-m", "seed=0,1", "hydra.launcher.address=3"): "hydra.launcher.address=3: must be null, or the address of a Ray "
    "cluster for hydra.launcher.engine=ray",
    ("-m", "seed=0,1", "hydra.launcher.max_members=1.5"): "hydra.launcher.max_members=1.5: must be an integer ≥ 1",
    (
        "-m",
        "seed=0,1",
        "hydra.sweeper.max_batch_size=true",
    ): "hydra.sweeper.max_batch_size=True: must be an integer ≥ 1",
    ("-m", "seed=0,1", "hydra.sweeper.params=3"): "hydra.sweeper.params=3: must be null or swept keys with their "
    'values: {lr: "1e-4,1e-3"}',
    ("-m", "seed=0,1", "hparams_search=optuna"): "BasicSweeper.__init__() got an unexpected keyword argument "
    "'study_name'",
}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_train(typed, monkeypatch, arguments):
    monkeypatch.setenv("PATTERNGAN_TEST", "../../x")
    done = typed("train", *arguments)
    assert (done.code, done.out, done.err) == (2, "", f"error: {COMMANDS[arguments]}\n")
    assert done.made == []


@pytest.mark.parametrize("value", ["9" * 5000, "'" + "x" * 5000 + "'"])
def test_a_long_value_is_cut(typed, value):
    done = typed("train", f"pattern.k={value}")
    assert (done.code, done.made, done.err.count("\n")) == (2, [], 1)
    assert done.err.startswith("error: pattern.k=")
    assert len(done.err) < 1100


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["experiment=plain", "architecture.width=65536", "architecture.depth=1000"], "architecture: "),
        (["experiment=plain", "batch_size=1048576", "noise.dim=65536"], "batch_size=1048576: "),
        (
            ["encoding=onehot", "encoding.capacity=60000", "evaluation.samples=16777216"],
            "evaluation.samples=16777216: ",
        ),
    ],
)
def test_what_would_take_terabytes_is_refused_before_it_takes_any(typed, arguments, key):
    done = typed("train", *arguments)
    assert (done.code, done.made, done.err.count("\n")) == (2, [], 1)
    assert done.err.startswith(f"error: {key}a run needs about ")


def test_runs_of_a_sweep_stay_in_its_folder(typed, tmp_path):
    done = typed("train", "-m", "seed=0,1", "hydra.sweep.dir=s", "hydra.sweep.subdir='../${hydra.job.num}'")
    assert (done.code, done.made) == (2, [])
    assert done.err == f"error: hydra.sweep.subdir: {tmp_path}/s/../0 is not inside the sweep's folder\n"


ARGUMENTS = [
    (script, option, value)
    for value in ("", "-1", "1.5", "1e3", "nan", "9" * 5000, "٣", "; rm", "a\nb", "\x1b")
    for script, option in (
        ("generate", "-n"),
        ("generate", "--seed"),
        ("generate", "--format"),
        ("evaluate", "--samples"),
        ("evaluate", "--format"),
        ("export", "--format"),
        ("report", "--all"),
    )
]


def test_70_wrong_arguments_of_scripts(typed):
    assert len(ARGUMENTS) == 70
    for script, option, value in ARGUMENTS:
        done = typed(script, "run", *([option, value] if option == "-n" else [f"{option}={value}"]))
        assert (done.code, done.out, done.made) == (2, "", []), (script, option, value)
        assert done.err.startswith("error: argument "), done.err
        assert done.err.count("\n") == 1
        assert len(done.err) < 1100


@pytest.mark.parametrize(
    "path", ["", "/nowhere", "a\nb", "\x1b[31m", "\udcff", "x" * 300, "; rm -rf x", "<script>", "~"]
)
@pytest.mark.parametrize("script", ["generate", "evaluate", "export", "report"])
def test_folders_that_are_not_there(typed, script, path):
    done = typed(script, path)
    assert (done.code, done.out, done.made, done.err.count("\n")) == (2, "", [], 1)
    assert done.err.startswith("error: ")


def test_an_export_does_not_take_the_place_of_what_is_no_file(typed, tmp_path, evens):
    os.mkfifo(tmp_path / "pipe")
    done = typed("export", str(evens), "--format=torchscript", "-o", str(tmp_path / "pipe"))
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: output={tmp_path}/pipe: is no file; choose a file or a folder\n"
    assert (tmp_path / "pipe").is_fifo()


TRAINED = {
    "lr=1e-2": ("lr", 0.01),
    "seed=4611686018427387904": ("seed", 2**62),
    "head.temperature=[1,0.5,cosine]": ("head.temperature", [1, 0.5, "cosine"]),
    "optimizer.betas=[0,0.5]": ("optimizer.betas", [0, 0.5]),
    "pattern.k=1_0": ("pattern.k", 10),
    "lr=1 lr=0.5": ("lr", 0.5),
    "++update.ema=0": ("update.ema", 0),
    "steps=int(2.9)": ("steps", 2),
}
QUICK = ["experiment=plain", "head=softmax", "steps=1", "batch_size=4", "evaluation.samples=16", "logger=null"]
QUICK += ["~callbacks.pictures", "~callbacks.curves", "+trainer.enable_progress_bar=false", "hydra.run.dir=run"]


@pytest.mark.parametrize("words", TRAINED)
def test_what_is_taken_is_recorded_as_typed(typed, tmp_path, words):
    done = typed("train", *QUICK, *words.split())
    assert (done.code, done.err) == (0, "")
    found = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["patterngan"]["settings"]
    key, expected = TRAINED[words]
    for part in key.split("."):
        found = found[part]
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(("script", "words"), [("train.py", ["pattern.k=0"]), ("train.py", ["--experimental-rerun=x"])])
def test_real_processes(command, script, words):
    done = command(script, *words, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: ")
