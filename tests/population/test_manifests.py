import json

import pytest

from patterngan.population.manifests import begun, close_roll, close_rolls, open_roll

QUICK = ["experiment=plain", "steps=60"]


@pytest.fixture
def made(jobs):
    return jobs(*([*QUICK, f"seed={seed}"] for seed in range(4)), [*QUICK, "batch_size=8"])


@pytest.fixture
def workshop(made):
    made[0].folder.parent.mkdir()
    return made[0].folder.parent / ".fused"


def test_a_population_is_put_together_again_in_the_order_it_had(made, workshop):
    members = [made[2], made[0], made[3]]
    open_roll(workshop / "a.ckpt", members)
    assert list(begun(workshop, made)) == [members]
    close_roll(workshop / "a.ckpt")
    close_roll(workshop / "a.ckpt")
    assert list(begun(workshop, made)) == []


def test_a_population_of_jobs_that_are_not_all_wanted_now_or_do_not_fuse_is_none(made, workshop):
    open_roll(workshop / "a.ckpt", made[:3])
    open_roll(workshop / "b.ckpt", made[3:])
    assert list(begun(workshop, made[1:])) == []


def test_no_job_is_in_two_populations(made, workshop):
    open_roll(workshop / "a.ckpt", made[:2])
    open_roll(workshop / "b.ckpt", made[1:4])
    assert list(begun(workshop, made)) == [made[:2]]


@pytest.mark.parametrize("content", [b"", b"\xff", b"3", b"[3]", b"[[]]", b'{"a": 1}', b"[" * 100_000, b'["0", "0"]'])
def test_what_is_no_roll_is_passed_over(made, workshop, content):
    workshop.mkdir()
    (workshop / "a.json").write_bytes(content)
    assert list(begun(workshop, made)) == []


def test_a_roll_names_folders_from_where_it_is(made, workshop):
    open_roll(workshop / "a.ckpt", made[:2])
    assert json.loads((workshop / "a.json").read_text()) == ["../0", "../1"]


def test_rolls_of_some_jobs_are_closed(made, workshop):
    open_roll(workshop / "a.ckpt", made[:2])
    open_roll(workshop / "b.ckpt", made[2:4])
    close_rolls(workshop, made[1:2], [workshop / "a.ckpt"])
    assert len(list(workshop.iterdir())) == 2
    close_rolls(workshop, made[1:2], [])
    assert [file.name for file in workshop.iterdir()] == ["b.json"]
