"""`experiment=rule`, as it is typed: codes of all lengths, longer ones, and the baseline beside it."""

import csv
import io
import json

SMALL = (
    "experiment=rule",
    "encoding.capacity=64",
    "architecture.width=8",
    "batch_size=32",
    "evaluation.lengths=[9]",
    "evaluate_every=50",
    "~callbacks.pictures",
)


def test_a_run_is_measured_where_it_was_not_trained_and_makes_longer_codes(command, tmp_path):
    command("train.py", *SMALL, "steps=100", "hydra.run.dir=run")
    metrics = json.loads((tmp_path / "run" / "result.json").read_text())["metrics"]
    assert metrics["exact"]
    assert 0 < metrics["validity_9"] < 1
    assert {"fidelity", "unseen_coverage", "forward_kl"} < metrics.keys()
    printed = command("scripts/evaluate.py", "run").stdout
    assert f"validity_9      {metrics['validity_9']:.6g}" in printed
    integers = command("scripts/generate.py", "run", "-n", "50", "--bits", "70", "--seed", "0").stdout.split()
    assert len(integers) == 50
    assert 2**63 < max(map(int, integers)) < 2**70
    assert command("scripts/generate.py", "run", "-n", "3", "--seed", "0").stdout


def test_the_baseline_trains_in_the_same_sweep(command, tmp_path):
    sweep = ("-m", *SMALL, "steps=50", "objective=boundary_seeking,maximum_likelihood", "seed=1,2")
    command("train.py", *sweep, "hydra.sweep.dir=sweep")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "sweep" / "sweep.csv").read_text())))
    assert [row["status"] for row in rows] == ["completed"] * 4
    assert {row["objective"] for row in rows} == {"boundary_seeking", "maximum_likelihood"}


def test_one_length_is_refused_for_longer_codes(typed, evens):
    assert typed("generate", str(evens), "--bits", "40").err == (
        "error: --bits: this generator makes codes of one length; architecture=automaton makes any\n"
    )
