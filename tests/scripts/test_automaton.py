import pytest
from matplotlib.figure import Figure

SMALL = (
    "experiment=rule",
    "encoding.capacity=64",
    "architecture.width=4",
    "batch_size=8",
    "steps=2",
    "~callbacks.pictures",
    "evaluation.lengths=[]",
)


@pytest.fixture
def train(typed):
    """Trains a small run in the folder of this name."""

    def call(name, *overrides):
        assert typed("train", *SMALL, *overrides, f"hydra.run.dir={name}").code == 0

    return call


def test_the_automaton_of_a_run_is_drawn(typed, train, tmp_path):
    train("run")
    done = typed("automaton", "run")
    lines = done.out.splitlines()
    assert lines[0].endswith("% of what D does; 3 are needed")
    assert lines[2:] == ["automaton.png"]
    picture = (tmp_path / "automaton.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert typed("automaton", "run").out == done.out
    assert (tmp_path / "automaton.png").read_bytes() == picture


def test_runs_side_by_side_are_told_apart_by_their_noise_or_by_their_folders(typed, train, monkeypatch):
    train("noisy")
    train("plain", "architecture.noise=0")
    drawn = list[Figure]()
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **options: drawn.append(figure))
    for beside in ("plain", "noisy"):
        assert typed("automaton", "noisy", "--beside", beside).code == 0
    titles = [[axes.get_title() for axes in figure.axes[:2]] for figure in drawn]
    assert titles == [["no noise on the states", "noise on the states"], ["noisy", "noisy"]]


def test_a_run_without_such_a_discriminator_is_refused(typed, train):
    assert typed("train", "experiment=plain", "steps=1", "evaluation.samples=16", "hydra.run.dir=plain").code == 0
    train("parity", "pattern=parity", "~pattern.k")
    for run, line in (
        ("plain", "plain: its discriminator must have one cell for all positions, as architecture=automaton has"),
        ("parity", "parity: its pattern must be multiples of at most 64, whose automaton is known"),
    ):
        done = typed("automaton", run)
        assert (done.code, done.err.strip()) == (2, f"error: {line}")
