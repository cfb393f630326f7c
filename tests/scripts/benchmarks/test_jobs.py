from scripts.benchmarks.jobs import planning_seconds


def test_jobs_are_planned_as_one_population(sweep):
    assert planning_seconds(sweep(), 12) > 0
