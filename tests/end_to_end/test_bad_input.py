"""A mistake ends with exit code 2 and one line that names key, value and what is allowed, and leaves nothing."""

import pytest
import torch

EXPERIMENTS = (
    "must be one of dirac, even_numbers, multiples_of_five, multiples_of_seven, multiples_of_three, odd_numbers, "
    "plain, study_evens, study_fives"
)

MISTAKES = {
    "pattern.k=0": "pattern.k=0: must be an integer from 1 to 2^62",
    "pattern.k=-3": "pattern.k=-3: must be an integer from 1 to 2^62",
    "pattern.k=2.5": "pattern.k=2.5: must be an integer from 1 to 2^62",
    "pattern.k=abc": "pattern.k=abc: must be an integer from 1 to 2^62",
    "pattern.k=true": "pattern.k=True: must be an integer from 1 to 2^62",
    "pattern.k=1,2": "pattern.k=1,2: several values at once are a sweep; add -m (a list is written [a,b])",
    "pattern.k=${nothing}": "pattern: Interpolation key 'nothing' not found",
    "pattern.residue=2": "pattern.residue=2: must be below k=2 (a remainder of division by k)",
    "pattern.residue=-1": "pattern.residue=-1: must be an integer ≥ 0",
    "pattern.stop=1 pattern.residue=1": "pattern.stop=1: leaves no integer; must be above residue=1",
    "pattern.stop=200": "pattern.stop=200: must be at most encoding.capacity=128",
    "encoding.capacity=1": "encoding.capacity=1: must be an integer from 2 to 2^62",
    "encoding=onehot encoding.k=0": "encoding.k=0: must be an integer from 1 to 100",
    "encoding=onehot pattern.k=0": "pattern.k=0: must be an integer from 1 to 2^62",
    "encoding=onehot encoding.capacity=10000000": "encoding.capacity=10000000: needs one-hot codes of width 5000002; "
    "at most 65536",
    "noise=bits noise.dim=0": "noise.dim=0: must be an integer from 1 to 2^16",
    "architecture.width=0": "architecture.width=0: must be an integer from 1 to 2^16",
    "experiment=plain architecture.generator.depth=0": "architecture.generator.depth=0: must be an integer from 1 to "
    "1000",
    "experiment=plain architecture.activation=swish": "architecture.activation=swish: must be one of relu, leaky_relu, "
    "tanh, gelu",
    "batch_size=0": "batch_size=0: must be an integer from 1 to 2^20",
    "data.batch_size=0": "data.batch_size=0: must be an integer from 1 to 2^20",
    "data.sampling=sorted": "data.sampling=sorted: must be one of iid, permutation",
    "steps=0": "steps=0: must be an integer from 1 to 1000000000000",
    "steps=1e3": "steps=1000.0: must be an integer from 1 to 1000000000000",
    "evaluate_every=0": "evaluate_every=0: must be an integer from 1 to 1000000000000",
    "evaluation.samples=0": "evaluation.samples=0: must be an integer from 1 to 2^24",
    "seed=-1": "seed=-1: must be an integer from 0 to 2^62",
    "lr=-1": "lr=-1: must be a finite number > 0",
    "lr=nan": "lr=nan: must be a finite number > 0",
    "lr=": "lr=: must be a finite number > 0",
    "optimizer.discriminator.lr=0": "optimizer.discriminator.lr=0: must be a finite number > 0",
    "optimizer.betas=[0.9,1]": "optimizer.betas=[0.9, 1]: must be two numbers from 0 to below 1",
    "capture=3": "capture=3: must be true or false",
    "optimized_metric=fid": "optimized_metric=fid: must be one of validity, distinct, entropy, modes, coverage, "
    "tv, kl, fidelity, rate, unseen_coverage, marginal_gap, d_real, d_fake",
    "encoding=gray": "encoding=gray: must be one of binary, onehot",
    "architecture=cnn": "architecture=cnn: must be one of autoregressive, dirac, linear, mlp, recurrent",
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
    "update.instance_noise=-0.1": "update.instance_noise=-0.1: must be a finite number ≥ 0",
    "optimizer.decay=steep": "optimizer.decay=steep: must be one of none, linear, cosine",
    "experiment=even_number": f"experiment=even_number: {EXPERIMENTS}",
    "pattern=null": "pattern=null: must be one of bars_and_stripes, cardinality, listed, multiples, parity, primes",
    "pattern.modulus=3": "pattern.modulus=3: is no key; docs/configuration.md lists the keys",
    "architecture=linear architecture.width=3": "architecture.width=3: is no key of the option chosen for architecture",
    "=3": "=3: is no override; quote a value with other signs twice: \"key='value'\"",
    "hydra.run.dir=a=b": "hydra.run.dir=a=b: is no override; quote a value with other signs twice: \"key='value'\"",
    "hydra.run.dir='$HOME'": "hydra.run.dir=$HOME: must not have $ or begin with ~, which loggers replace",
    "patern.k=3": "patern.k=3: is no key; did you mean pattern.k?",
    "batchsize=3": "batchsize=3: is no key; did you mean batch_size?",
    "+pattern.q=3": "pattern: Multiples.__init__() got an unexpected keyword argument 'q'",
    "~pattern": "pattern: is missing from the config",
    "~seed": "seed: is missing from the config",
    "~capture": "capture: is missing from the config",
    "~trainer": "trainer: is missing from the config",
    "~trainer.devices": "Key 'devices' is not in struct",
    "+trainer.max_steps=9": "trainer.max_steps: must be one of accelerator, devices, deterministic, profiler, "
    "enable_progress_bar; the rest follows from other keys",
    "hydra.run.dir=/proc": "hydra.run.dir=/proc: cannot be written (No such file or directory)",
    "trainer.accelerator=foo": "trainer.accelerator=foo: must be one of cpu, gpu, cuda, auto",
    "trainer.devices=2": "trainer.devices=2: one GAN fits one device: must be 1 or a list of one index; "
    "use -m to run many GANs",
    "trainer.deterministic=maybe": "trainer.deterministic=maybe: must be true, false or warn",
    "ckpt_path=missing.ckpt": "ckpt_path=missing.ckpt: no such checkpoint file or run folder",
    "ckpt_path=": "ckpt_path=: no such checkpoint file or run folder",
    "--cfg": "argument --cfg/-c: expected one argument",
    "--verbose": "--verbose: is no flag; python train.py --hydra-help lists them",
    "--resolve": "The --resolve flag can only be used in conjunction with --cfg or --help",
    "-m seed=1,2 --cfg job": "Only one of --run, --multirun, --cfg, --info and --shell_completion can be specified",
    "-sc install=csh": "No completion plugin for 'csh' found, available : bash fish zsh",
    "-sc": "Expecting one subcommand from ['install', 'uninstall', 'query'] to be set",
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_train(typed, mistake):
    done = typed("train", *mistake.split())
    assert (done.code, done.out, done.err) == (2, "", f"error: {MISTAKES[mistake]}\n")
    assert done.made == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there(typed):
    done = typed("train", "encoding=onehot", "pattern.k=5", "trainer.accelerator=gpu")
    assert (done.code, done.made) == (2, [])
    assert done.err == "error: trainer.accelerator=gpu: this machine has no CUDA GPU; use cpu\n"


def test_a_key_that_is_added_but_unknown(typed):
    done = typed("train", "+speed=3")
    assert done.code == 2
    assert done.err.startswith("error: speed: is no key; known are seed, lr, steps, ")
    assert done.err.count("\n") == 1


def test_an_output_folder_that_cannot_be_written(typed, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = typed("train", "steps=1", f"hydra.run.dir={tmp_path}/file/run")
    assert done.code == 2
    assert done.err == f"error: hydra.run.dir={tmp_path}/file/run: cannot be written (Not a directory)\n"
    assert done.made == [tmp_path / "file"]


def test_a_traceback_is_shown_on_request(typed, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    done = typed("train", "pattern.k=0")
    assert done.code == 2
    assert "Traceback" in done.err
    assert done.err.endswith("error: pattern.k=0: must be an integer from 1 to 2^62\n")


def test_a_checkpoint_of_other_shapes(typed, evens):
    path = evens / "checkpoints" / "last.ckpt"
    done = typed("train", f"ckpt_path={path}", "encoding.capacity=1000", "hydra.run.dir=elsewhere")
    assert (done.code, done.made) == (2, [])
    assert "weights of other shapes: generator.0.weight is [7, 7] there, [10, 7] in this config" in done.err


def test_other_settings_with_no_step_left_to_train(typed, evens):
    before = (evens / "result.json").read_bytes()
    done = typed("train", f"ckpt_path={evens}", "pattern.k=4")
    assert done.code == 2
    assert done.err == "error: steps=500: leaves no step to train with other settings; raise steps\n"
    assert (evens / "result.json").read_bytes() == before


def test_fewer_steps_than_were_trained(typed, evens):
    done = typed("train", f"ckpt_path={evens}", "steps=100")
    assert (done.code, done.made) == (2, [])
    assert done.err == "error: steps=100: the checkpoint is at step 500 already\n"


@pytest.mark.parametrize("script", ["generate", "evaluate", "export"])
def test_a_folder_without_a_run(typed, tmp_path_factory, script):
    folder = tmp_path_factory.mktemp("empty")
    done = typed(script, str(folder))
    assert (done.code, done.made) == (2, [])
    expected = "holds no checkpoints/last.ckpt; a run folder has one after its first evaluation"
    assert done.err == f"error: {folder}: {expected}\n"
    done = typed(script, str(folder / "nothing"))
    assert done.err == f"error: {folder / 'nothing'}: no such file or folder; a run folder or a checkpoint is needed\n"


@pytest.mark.parametrize(
    ("script", "arguments", "line"),
    [
        ("generate", ["-n", "0"], "argument -n: '0' must be an integer from 1 to 10000000"),
        ("generate", ["-n", "-1"], "argument -n: '-1' must be an integer from 1 to 10000000"),
        ("generate", ["-n", "many"], "argument -n: 'many' must be an integer from 1 to 10000000"),
        ("generate", ["--seed", "x"], "argument --seed: 'x' must be an integer from 0 to 2^63 − 1"),
        ("evaluate", ["--samples", "0"], "argument --samples: '0' must be an integer from 1 to 10000000"),
    ],
)
def test_arguments_of_scripts(typed, evens, script, arguments, line):
    done = typed(script, str(evens), *arguments)
    assert (done.code, done.out, done.err) == (2, "", f"error: {line}\n")
