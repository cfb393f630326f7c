"""A mistake ends with exit code 2 and leaves nothing; the frequent ones with one line: key, value, what is allowed."""

import os

import pytest
import torch

from hydra_plugins.patterngan_sweeps.grid_sweeper import NOTHING_SWEPT

PATTERNS = "must be one of bars_and_stripes, cardinality, listed, multiples, parity, primes"
EXPERIMENTS = (
    "must be one of dirac, even_numbers, multiples_of_five, multiples_of_seven, multiples_of_three, odd_numbers, "
    "plain, rule, study_evens, study_fives"
)
SWEEP = "several values at once are a sweep; add -m (a list is written [a,b])"

MISTAKES = {
    "pattern=null": f"pattern=null: {PATTERNS}",
    "pattern=3": f"pattern=3: {PATTERNS}",
    "-m pattern=1,2": f"pattern=1,2: {PATTERNS}",
    "logger=tensorbord": "logger=tensorbord: must be one of csv, mlflow, none, tensorboard, wandb; did you mean "
    "tensorboard?",
    "logger=[csv,wand]": "logger=wand: must be one of csv, mlflow, none, tensorboard, wandb; did you mean wandb?",
    "logger=csv logger.csv.flush=3": "logger.csv.flush=3: is no key; +logger.csv.flush=3 adds it",
    "+logger.mine=3": "logger.mine=3: must be a section with a _target_",
    "+logger.mine._target_=pytorch_lightning.callbacks.Timer": "logger.mine: its _target_ "
    "pytorch_lightning.callbacks.Timer makes no Logger",
    "pattern.k=0": "pattern.k=0: must be an integer from 1 to 2^62",
    "pattern.k=abc": "pattern.k=abc: must be an integer from 1 to 2^62",
    "pattern.k=1,2": f"pattern.k=1,2: {SWEEP}",
    "pattern.residue=2": "pattern.residue=2: must be below k=2 (a remainder of division by k)",
    "pattern.residue=-1": "pattern.residue=-1: must be an integer ≥ 0",
    "pattern.stop=1 pattern.residue=1": "pattern.stop=1: leaves no integer; must be above residue=1",
    "pattern.stop=200": "pattern.stop=200: must be at most encoding.capacity=128",
    "encoding=onehot encoding.k=0": "encoding.k=0: must be an integer from 1 to 100",
    "encoding=digits encoding.base=1": "encoding.base=1: must be an integer from 2 to 256",
    "encoding=onehot pattern.k=0": "pattern.k=0: must be an integer from 1 to 2^62",
    "encoding=onehot encoding.capacity=10000000": "encoding.capacity=10000000: needs one-hot codes of width 5000002; "
    "at most 65536",
    "noise=bits noise.dim=0": "noise.dim=0: must be an integer from 1 to 2^16",
    "experiment=plain architecture.generator.depth=0": "architecture.generator.depth=0: must be an integer from 1 to "
    "1000",
    "experiment=plain architecture.activation=swish": "architecture.activation=swish: must be one of relu, leaky_relu, "
    "tanh, gelu",
    "data.sampling=sorted": "data.sampling=sorted: must be one of iid, permutation",
    "steps=0": "steps=0: must be an integer from 1 to 1000000000000",
    "steps=1.5e0": "steps=1.5: must be an integer from 1 to 1000000000000",
    "evaluation.samples=0": "evaluation.samples=0: must be an integer from 1 to 2^24",
    "seed=-1": "seed=-1: must be an integer from 0 to 2^62",
    "lr=nan": "lr=nan: must be a finite number > 0",
    "lr=": "lr=: must be a finite number > 0",
    "optimizer.discriminator.lr=0": "optimizer.discriminator.lr=0: must be a finite number > 0",
    "optimizer.betas=[0.9,1]": "optimizer.betas=[0.9, 1]: must be two numbers from 0 to below 1",
    "capture=3": "capture=3: must be true or false",
    "optimized_metric=fid": "optimized_metric=fid: must be one of validity, modes, coverage, tv, kl, "
    "forward_kl, marginal_gap, fidelity, unseen_coverage, rate, entropy, distinct, d_real, d_fake, "
    "d_seen, d_unseen, d_invalid",
    "encoding=gray": "encoding=gray: must be one of binary, digits, onehot",
    "architecture=cnn": "architecture=cnn: must be one of automaton, autoregressive, dirac, gated, linear, mlp, "
    "recurrent, transformer",
    "architecture=automaton encoding=onehot": "architecture: all positions are read alike, symbols must be of "
    "one size, not of [2, 50]; use encoding=binary or digits",
    "architecture=automaton noise=bits": "noise=bits: a generator of codes of any length reads none; use noise=none",
    "architecture=automaton architecture.discriminator.dropout=1": "architecture.discriminator.dropout=1: must be "
    "below 1",
    "architecture=gated objective=nonsaturating discriminator.pack=2": "architecture.noise: is for a D of single "
    "codes; discriminator.pack must be 1, minibatch_stddev 0",
    "architecture=automaton architecture.noise=-1": "architecture.noise=-1: must be a finite number ≥ 0",
    "experiment=rule objective=hinge update=joint": "objective=hinge: takes D's slopes at codes, and the "
    "architecture's D compares symbols; use boundary_seeking",
    "architecture=transformer penalty=[r1,wgan_gp]": "penalty=r1,wgan_gp: takes D's slopes at codes, and the "
    "architecture's D compares symbols; use none",
    "architecture=gated update.instance_noise=[0.1,0]": "update.instance_noise=[0.1, 0]: must be 0: to the "
    "architecture's discriminator symbols below 0 are blanks; use architecture.noise",
    "architecture=transformer architecture.heads=5": "architecture.heads=5: must divide width=32",
    "architecture=transformer architecture.layers=0": "architecture.layers=0: must be an integer from 1 to 16",
    "architecture=transformer architecture.generator.noise=1": "architecture.generator.noise=1: is no key of the "
    "option chosen for architecture; architecture=automaton has it",
    "encoding.lengths=some": "encoding.lengths=some: must be one of full, all",
    "encoding.lengths=all": "encoding.lengths=all: autoregressive makes codes of one length; use "
    "architecture=automaton",
    "experiment=rule pattern=listed ~pattern.k pattern.integers=[4000,4001] "
    "evaluation.lengths=[]": "encoding.lengths=all: no integer of training fits into fewer symbols; use full",
    "experiment=rule evaluation.lengths=[11]": "evaluation.lengths=11: must be an integer from 12 to 1024",
    "experiment=rule pattern=primes ~pattern.k": "evaluation.lengths: the pattern ends at its stop; must be empty, []",
    "evaluation.lengths=[20]": "evaluation.lengths: autoregressive makes codes of one length; use "
    "architecture=automaton",
    "update=simultaneous experiment=plain": "update=simultaneous: needs objective=boundary_seeking and no penalty; "
    "use joint",
    "head=sigmoid": "noise=none: head=sigmoid draws nothing itself, so that there would be one code alone",
    "architecture=mlp": "noise=none: the generator mlp must have noise to read; use gaussian or bits",
    "noise=gaussian head=sigmoid": "objective=boundary_seeking: needs codes drawn from a known law; head=sigmoid draws "
    "none, use gumbel_straight_through",
    "objective.samples=100": "objective.samples=100: must divide batch_size=256",
    "batch_size=1": "batch_size=1: must be an integer from 2 to 2^20",
    "objective.exploration=1": "objective.exploration=1: must be a finite number ≥ 0 and ≤ 0.9",
    "discriminator.pack=3": "discriminator.pack=3: must divide batch_size=256",
    "objective=wasserstein penalty=wgan_gp discriminator.pack=3": "discriminator.pack=3: must divide batch_size=256",
    "discriminator.pack=2": "objective=boundary_seeking: weighs single codes; discriminator.pack must be 1, "
    "minibatch_stddev 0",
    "experiment=plain discriminator.minibatch_stddev=2 data.sampling=permutation": "data.sampling=permutation: "
    "D compares codes, and its reals must be independent; use iid",
    "pattern.holdout=0.999": "pattern.holdout=0.999: leaves 0 of the pattern's 64 integers for training, 64 unseen; "
    "both must be at least 1",
    "pattern.shown=64": "pattern.shown=64: leaves 64 of the pattern's 64 integers for training, 0 unseen; "
    "both must be at least 1",
    "pattern.shown=0": "pattern.shown=0: must be an integer from 1 to 2^20",
    "pattern.shown=9 pattern.holdout=0.5": "pattern.shown=9: stands in place of holdout=0.5; type one of the two",
    "pattern.holdout_seed=-1": "pattern.holdout_seed=-1: must be an integer from 0 to 2^62",
    "encoding.capacity=1099511627776 pattern.holdout=0.5": "pattern.holdout=0.5: leaves 274877906944 integers for "
    "training; at most 1048576 are listed, such as shown=50000",
    "pattern=primes encoding=onehot": "encoding.k: the pattern has no modulus to take; type one, such as encoding.k=10",
    "pattern=listed pattern.integers=[3,3]": "pattern.integers=[3, 3]: must not repeat an integer",
    "pattern=listed pattern.integers=[300]": "pattern: its integers are below 301, which must be at most "
    "encoding.capacity=128",
    "pattern=primes pattern.stop=1000": "pattern.stop=1000: must be at most encoding.capacity=128",
    "architecture.discriminator.depth=0": "architecture.discriminator.depth=0: must be an integer from 1 to 1000",
    "experiment=dirac discriminator.spectral_norm=true": "discriminator.spectral_norm=True: finds no linear map in the "
    "architecture's discriminator",
    "head.temperature=0": "head.temperature=0: must be a finite number > 0",
    "head.temperature=[1,-1]": "head.temperature=[1, -1]: both ends must be a finite number > 0",
    "penalty=r1 penalty.r1.gamma=-1": "penalty.r1.gamma=-1: must be a finite number ≥ 0",
    "penalty=[r1,r3]": "penalty=r3: must be one of none, r1, r2, wgan_gp",
    "penalty=[r1,r2] update=alternating": "penalty=r1,r2: update=alternating takes none; use joint or critic",
    "objective=relativistic update=alternating": "objective=relativistic: compares reals with fakes, "
    "update=alternating steps on each apart; use joint or critic",
    "update=critic update.discriminator_steps=0": "update.discriminator_steps=0: must be an integer from 1 to 1000",
    "update.ema=1": "update.ema=1: must be below 1",
    "optimizer.warmup=-1": "optimizer.warmup=-1: must be an integer ≥ 0",
    "optimizer.clip_norm=-1": "optimizer.clip_norm=-1: must be a finite number ≥ 0",
    "optimizer.generator.weight_decay=heavy": "optimizer.generator.weight_decay=heavy: must be a finite number ≥ 0",
    "optimizer.decay_to=2": "optimizer.decay_to=2: must be a finite number ≥ 0 and ≤ 1",
    "head.temperature=[[0,1],[2,1]]": "head.temperature=[[0, 1], [2, 1]]: the shares of the run must be a finite "
    "number ≥ 0 and ≤ 1",
    "optimizer.decay=steep": "optimizer.decay=steep: must be one of none, linear, cosine",
    "experiment=even_number": f"experiment=even_number: {EXPERIMENTS}; did you mean even_numbers?",
    "experiment=evens": f"experiment=evens: {EXPERIMENTS}; did you mean even_numbers?",
    "objective=wgan": "objective=wgan: must be one of boundary_seeking, hinge, least_squares, maximum_likelihood, "
    "nonsaturating, relativistic, wasserstein; did you mean objective=wasserstein, with penalty=wgan_gp for its "
    "gradient penalty?",
    "pattern=even": f"pattern=even: {PATTERNS}; did you mean pattern=multiples pattern.k=2?",
    "optimizer.lr=1": "optimizer.lr=1: is no key; did you mean lr?",
    "epochs=3": "epochs=3: is no key; did you mean steps?",
    "trainer.max_steps=9": "trainer.max_steps=9: is no key; did you mean steps?",
    "architecture.depth=3": "architecture.depth=3: is no key of the option chosen for architecture; architecture=mlp "
    "has it",
    "lr=1,000": f"lr=1,000: {SWEEP}; one number is written without a comma: lr=1000",
    "seed=[0,1,2]": "seed=[0, 1, 2]: must be an integer from 0 to 2^62; several values are a sweep: with -m, write "
    "0,1,2",
    "lr=[1e-3,1e-2]": "lr=[0.001, 0.01]: must be a finite number > 0; several values are a sweep: with -m, write "
    "0.001,0.01",
    "-m seed=[0,1,2]": "-m: nothing is swept: [0,1,2] is one value; write seed=0,1,2",
    "pattern.modulus=3": "pattern.modulus=3: is no key; docs/configuration.md lists the keys",
    "architecture=linear architecture.width=3": "architecture.width=3: is no key of the option chosen for "
    "architecture; architecture=automaton has it",
    "patern.k=3": "patern.k=3: is no key; did you mean pattern.k?",
    "batchsize=3": "batchsize=3: is no key; did you mean batch_size?",
    "+pattern.q=3": "pattern: Multiples.__init__() got an unexpected keyword argument 'q'",
    "experiment=rule encoding=onehot": "encoding.lengths=all: is no key of the option chosen for encoding; "
    "encoding=binary has it",
    "~pattern": "pattern: is missing from the config",
    "~seed": "seed: is missing from the config",
    "+trainer.max_steps=9": "trainer.max_steps: use steps",
    "trainer.accelerator=foo": "trainer.accelerator=foo: must be one of cpu, gpu, cuda, mps, auto",
    "trainer.devices=2": "trainer.devices=2: must be 1 or a list of one index; one GAN fits one device; "
    "use -m to run many GANs",
    "trainer.deterministic=maybe": "trainer.deterministic=maybe: must be true, false or warn",
    "ckpt_path=missing.ckpt": "ckpt_path=missing.ckpt: no such checkpoint file or run folder",
    "ckpt_path=": "ckpt_path=: no such checkpoint file or run folder",
    "lr=range(1,3)": f"lr=range(1,3): {SWEEP}",
    "lr=1e-320": "lr=1e-320: must be 0 or of a size from 1e-38 to 3.4e+38 (single precision)",
    "hydra.run.dir=": "hydra.run.dir=: must name a folder",
    "hydra.job.chdir=abc": "hydra.job.chdir=abc: Value 'abc' is not a valid bool (type str)",
    "pattern.k=${oc.env:TYPED}": "pattern.k=../../x: must be an integer from 1 to 2^62",
    "trainer.devices=[0]": "trainer.devices=[0]: `devices` selected with `CPUAccelerator` should be an int > 0.",
    "architecture.generator._target_=builtins.dict": "architecture.generator: its _target_ builtins.dict makes no "
    "Module",
    "+pattern._partial_=true": "pattern: its _target_ patterngan.data.patterns.Multiples makes no Pattern",
    "+callbacks.x={_target_:builtins.dict}": "callbacks.x: its _target_ builtins.dict makes no Callback",
    "-m lr=1e-3": f"-m: {NOTHING_SWEPT}",
    "-m penalty=[r1,r2] hydra.launcher.engine=ray": f"-m: {NOTHING_SWEPT}",
    "-m nothing=1,2": "nothing=1: is no key; docs/configuration.md lists the keys",
    "-m seed=range(3,3)": "seed=range(3,3): is empty; a sweep needs at least one value",
    "-m seed=range(0,3,0)": "seed=range(0,3,0): cannot be swept (range() arg 3 must not be zero)",
    "-m experiment=null,plain": "experiment=null,plain: null is no option; a sweep without this key has none",
    "-m seed=1,2 hydra.sweep.dir=": "hydra.sweep.dir=: must name a folder",
    "-m seed=1,2 hydra.sweep.subdir=same": "hydra.sweep.subdir=same: runs 0 and 1 would share this folder",
    "-m seed=1,2 hydra.launcher.engine=spark": "hydra.launcher.engine=spark: must be one of local, ray",
    "-m seed=1,2 hydra.launcher.max_members=many": "hydra.launcher.max_members=many: must be an integer ≥ 1",
    "-m seed=1,2 hydra.launcher.address=3": "hydra.launcher.address=3: must be null, or the address of a Ray cluster "
    "for hydra.launcher.engine=ray",
    "-m seed=1,2 hydra.sweeper.max_batch_size=true": "hydra.sweeper.max_batch_size=True: must be an integer ≥ 1",
    "-m seed=1,2 hydra.sweeper.params=3": "hydra.sweeper.params=3: must be null or swept keys with their values: "
    '{lr: "1e-4,1e-3"}',
    "-m lr=interval(0,1)": "lr=interval(0,1): cannot be swept; a grid needs a list of values, range(…) or choice(…)",
    "-m lr=1,2,3 seed=1,2 hydra.sweeper.zip=[[lr,seed]]": "hydra.sweeper.zip: lr has 3 values, seed has 2 values; "
    "keys that advance together need equally many",
    "-m seed=1,2 hydra.sweeper.zip=[lr,seed]": "hydra.sweeper.zip=['lr', 'seed']: must be null or lists of two or more "
    "swept keys: [[lr,update.ema]]",
    "-m seed=1,2 hydra.sweeper.exclude=[{lr:1}]": "hydra.sweeper.exclude: lr is not swept (swept: seed)",
    "-m seed=1,2 hydra.sweeper.fail_fast=1": "hydra.sweeper.fail_fast=1: must be true or false",
}
"""Typed words → the one line that says what is wrong."""

HYDRAS = ["", "a", "-1", "~", "=3", "lr==1", "lr=[1", "lr='a", "lr = 1", "lr=\x1b[31m", "pattern..k=3"]
HYDRAS += ["pattern@x:y=primes", "pattern.k=" + "9" * 5000, "hydra.run.dir=a=b", "hydra.run.dir=${nothing}"]
HYDRAS += ["pattern.k=${nothing}", "~trainer.devices", "hydra/launcher=null"]
HYDRAS += ["--verbose", "--cfg", "--resolve", "--info=x", "--config-name=x", "-sc", "-sc=install=csh"]
"""Words, one a command, of which Hydra or argparse says what is wrong, in lines of their own."""


def require_refused(done):
    """Checks that a command was refused before anything was made; returns what it said."""
    assert (done.code, done.out, done.made) == (2, "", []), done.err
    assert "Traceback" not in done.err
    return done.err


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_told_in_one_line(typed, monkeypatch, words):
    monkeypatch.setenv("TYPED", "../../x")
    assert require_refused(typed("train", *words.split())) == f"error: {MISTAKES[words]}\n"


@pytest.mark.parametrize("word", HYDRAS)
def test_hydra_tells_rarer_mistakes_itself(typed, word):
    said = require_refused(typed("train", word))
    assert "error: " in said
    assert said.replace("\n", "").replace("\t", "").isprintable()


def test_a_key_that_is_added_but_unknown(typed):
    assert require_refused(typed("train", "+speed=3")).startswith(
        "error: speed: is no key; known are seed, lr, steps, "
    )


def test_a_long_value_is_cut(typed):
    said = require_refused(typed("train", f"pattern.k='{'x' * 5000}'"))
    assert said.startswith("error: pattern.k=xxx")
    assert len(said) < 1100


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("experiment=plain architecture.width=65536 architecture.depth=1000", "architecture"),
        ("experiment=plain batch_size=1048576 noise.dim=65536", "batch_size=1048576"),
        ("encoding=onehot encoding.capacity=60000 evaluation.samples=16777216", "evaluation.samples=16777216"),
    ],
)
def test_what_would_take_terabytes_is_refused_before_it_takes_any(typed, words, key):
    assert require_refused(typed("train", *words.split())).startswith(f"error: {key}: a run needs about ")


def test_runs_of_a_sweep_stay_in_its_folder(typed, tmp_path):
    said = require_refused(typed("train", "-m", "seed=0,1", "hydra.sweep.dir=s", "hydra.sweep.subdir='../${seed}'"))
    assert said == f"error: hydra.sweep.subdir: {tmp_path}/s/../0 is not inside the sweep's folder\n"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there(typed):
    said = require_refused(typed("train", "trainer.accelerator=gpu"))
    assert said == "error: trainer.accelerator=gpu: this machine has no CUDA GPU; use cpu\n"


def test_an_output_folder_that_cannot_be_written(typed, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = typed("train", "steps=1", f"hydra.run.dir={tmp_path}/file/run")
    assert (done.code, done.made) == (2, [tmp_path / "file"])
    assert done.err == f"error: {tmp_path}/file/run: cannot be written or read (Not a directory)\n"


def test_a_traceback_is_shown_on_request(typed, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    done = typed("train", "pattern.k=0")
    assert done.code == 2
    assert "Traceback" in done.err
    assert done.err.endswith("error: pattern.k=0: must be an integer from 1 to 2^62\n")


def test_a_real_process_leaves_with_the_line_and_the_code(command):
    done = command("train.py", "pattern.k=0", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: pattern.k=0: must be an integer from 1 to 2^62\n"


def test_a_checkpoint_that_does_not_fit(typed, evens):
    before = (evens / "result.json").read_bytes()
    lines = {
        "encoding.capacity=1000 hydra.run.dir=new": f"ckpt_path={evens}/checkpoints/last.ckpt: weights of other "
        "shapes: generator.0.weight is [7, 7] there, [10, 7] in this config",
        "pattern.k=4": "steps=500: leaves no step to train with other settings; raise steps",
        "steps=100": "steps=100: the checkpoint is at step 500 already",
    }
    for words, line in lines.items():
        assert require_refused(typed("train", f"ckpt_path={evens}", *words.split())) == f"error: {line}\n"
    assert (evens / "result.json").read_bytes() == before


@pytest.mark.parametrize("script", ["generate", "evaluate", "export", "report"])
def test_a_folder_without_a_run(typed, tmp_path_factory, script):
    folder = tmp_path_factory.mktemp("empty")
    for path in (folder, folder / "nothing", "", "a\nb", "\x1b[31m", "x" * 300, "<script>", "~"):
        said = require_refused(typed(script, str(path)))
        assert said.startswith("error: ")
        assert said.rstrip("\n").isprintable()


WRONG_ARGUMENTS = [("generate", "-n"), ("generate", "--seed"), ("generate", "--format"), ("evaluate", "--samples")]
WRONG_ARGUMENTS += [("evaluate", "--format"), ("export", "--format"), ("report", "--all")]


@pytest.mark.parametrize(("script", "option"), WRONG_ARGUMENTS)
def test_arguments_that_a_script_does_not_take(typed, script, option):
    for value in ("-1", "1.5", "nan", "9" * 5000, "٣", "a\nb", "\x1b"):
        said = require_refused(typed(script, "run", *([option, value] if option == "-n" else [f"{option}={value}"])))
        assert said.startswith(f"error: argument {option}"), said
        assert said.rstrip("\n").isprintable()
        assert len(said) < 1100


def test_an_export_does_not_take_the_place_of_what_is_no_file(typed, tmp_path, evens):
    os.mkfifo(tmp_path / "pipe")
    done = typed("export", str(evens), "--format=torchscript", "-o", str(tmp_path / "pipe"))
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: output={tmp_path}/pipe: is no file; choose a file or a folder\n"
    assert (tmp_path / "pipe").is_fifo()
