import pytest

from scripts.benchmarks import sweep


@pytest.mark.parametrize(("fused", "is_reached"), [(25.0, True), (26.0, False)])
def test_fused_default_runs_are_compared_with_the_basic_launcher(monkeypatch, fused, is_reached):
    monkeypatch.setattr(
        sweep, "command_seconds", lambda runs, steps, *options: (100.0 if sweep.BASIC in options else fused, 0.0)
    )
    assert sweep.default_bar().is_reached is is_reached
