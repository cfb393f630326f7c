import pickle
from pathlib import Path

from patterngan.runs.assembly import assemble
from patterngan.runs.job import Job
from patterngan.storage.settings import RUNTIME_KEYS, plain, settings


def test_a_job_travels_as_plain_values_and_describes_the_same_run(config):
    composed = config("experiment=plain", "seed=3")
    runtime = {key: plain(composed, key) for key in RUNTIME_KEYS}
    job = pickle.loads(pickle.dumps(Job(0, Path("run"), ["seed=3"], settings(composed), runtime)))
    assert job.record == {"settings": settings(composed), "overrides": ["seed=3"]}
    ours, theirs = (assemble(one)[0].state_dict() for one in (job.config, composed))
    assert all((ours[name] == theirs[name]).all() for name in theirs)
