import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from patterngan.reporting.events import EventFile, folder_of_events
from patterngan.reporting.history import history
from patterngan.reporting.run import film, report_run
from patterngan.runs.run import train
from patterngan.storage.results import Result
from patterngan.validation import UsageError
from tests.reporting.test_events import PORTRAIT

pytestmark = pytest.mark.end_to_end  # trains runs into folders

QUICK = ["experiment=plain", "steps=6", "evaluate_every=2", "evaluation.samples=100"]


@pytest.fixture
def of_a_sweep(config, tmp_path):
    train(config(*QUICK), tmp_path, QUICK, in_sweep=True)
    return tmp_path


def pictures(run):
    events = EventAccumulator(str(folder_of_events(run)), size_guidance={"images": 0, "scalars": 0}).Reload()
    return {
        tag: [(image.step, image.encoded_image_string) for image in events.Images(tag)]
        for tag in events.Tags()["images"]
    }


def test_pictures_are_drawn_afterwards_and_once(of_a_sweep):
    before = history(of_a_sweep)
    for _ in range(2):
        report_run(of_a_sweep)
    by_tag = pictures(of_a_sweep)
    assert sorted(by_tag) == ["pictures/codes", "pictures/d_scores", "pictures/distribution"]
    assert all([step for step, _ in drawn] == [0, 2, 4, 6] for drawn in by_tag.values())
    after = history(of_a_sweep)
    assert after.pictured
    assert after.curves == before.curves
    assert list(after.portraits) == list(before.portraits)


def test_they_are_those_of_a_run_alone(of_a_sweep, config, tmp_path):
    report_run(of_a_sweep)
    train(config(*QUICK), tmp_path / "alone", QUICK)
    ours, alone = pictures(of_a_sweep), pictures(tmp_path / "alone")
    assert ours.keys() == alone.keys()
    for tag, drawn in ours.items():
        for (step, png), (other_step, other) in zip(drawn, alone[tag], strict=True):
            assert step == other_step
            assert pixels(png, of_a_sweep) == pixels(other, of_a_sweep)


def pixels(png, folder):
    (folder / "picture.png").write_bytes(png)
    return Image.open(folder / "picture.png").tobytes()


def test_a_film_shows_every_portrait(of_a_sweep):
    path = film(of_a_sweep)
    assert path == of_a_sweep / "training.gif"
    with Image.open(path) as images:
        assert images.n_frames == 4
        assert images.info["duration"] == 500
        images.seek(3)
        assert images.info["duration"] == 3000


def test_what_has_no_portraits_has_no_film(tmp_path):
    with pytest.raises(UsageError, match="has no portraits to animate"):
        film(tmp_path)


def test_pictures_hide_no_point_of_a_run_that_ended_between_portraits(tmp_path):
    file = EventFile(tmp_path, 0)
    for step in range(0, 60, 10):
        file.scalars({"metrics/tv": 0.5}, step)
        if step <= 30:
            file.tensors({f"portrait/{name}": tensor for name, tensor in PORTRAIT._asdict().items()}, step)
    file.flush()
    Result("diverged", 0, 55, 1.0, 1.0, [], error="diverged").write(tmp_path)
    before = history(tmp_path)
    report_run(tmp_path)
    after = history(tmp_path)
    assert after.pictured
    assert after.curves == before.curves
    assert list(after.curves["metrics/tv"]) == [0, 10, 20, 30, 40, 50]
