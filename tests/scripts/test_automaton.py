SMALL = (
    "experiment=rule",
    "encoding.capacity=64",
    "architecture.width=4",
    "batch_size=8",
    "steps=2",
    "~callbacks.pictures",
)


def test_the_automaton_of_a_run_is_drawn_also_beside_another(command, tmp_path):
    command("train.py", *SMALL, "evaluation.lengths=[]", "hydra.run.dir=run")
    lines = command("scripts/automaton.py", "run").stdout.splitlines()
    assert lines[0].endswith("% of what D does; 3 are needed")
    assert lines[2:] == ["automaton.png"]
    command("scripts/automaton.py", "run", "--beside", "run", "-o", "rule.png")
    pictures = [(tmp_path / name).read_bytes() for name in ("automaton.png", "rule.png")]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert command("scripts/automaton.py", "run").stdout.splitlines() == lines
    assert (tmp_path / "automaton.png").read_bytes() == pictures[0]


def test_a_run_without_such_a_discriminator_is_refused(command, tmp_path):
    command("train.py", "experiment=plain", "steps=1", "evaluation.samples=16", "hydra.run.dir=plain")
    command("train.py", *SMALL, "evaluation.lengths=[]", "pattern=parity", "~pattern.k", "hydra.run.dir=parity")
    for run, line in (
        ("plain", "plain: its discriminator must have one cell for all positions, as architecture=automaton has"),
        ("parity", "parity: its pattern must be multiples of at most 64, whose automaton is known"),
    ):
        done = command("scripts/automaton.py", run, check=False)
        assert (done.returncode, done.stderr.strip()) == (2, f"error: {line}")
