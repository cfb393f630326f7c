from scripts.benchmarks.soak import drift, evaluation_times

FLAT = [(float(second), 100) for second in range(101)]
TIMES = [float(second) for second in range(101)]


def test_a_flat_run_drifts_nowhere():
    assert drift(FLAT, TIMES) == (1, 1)


def test_memory_that_grows_late_is_seen_and_a_slow_start_is_not():
    growing = [(when, 50 if when < 10 else 100 if when < 50 else 120) for when, _ in FLAT]
    assert drift(growing, TIMES) == (1.2, 1)


def test_evaluations_that_get_rarer_are_seen():
    times = [when if when < 50 else 50 + 2 * (when - 50) for when in TIMES]
    assert drift([(2 * when, held) for when, held in FLAT], times) == (1, 2)


def test_evaluations_are_read_from_a_run_s_log(tmp_path):
    log = tmp_path / "train.log"
    line = "[2026-11-22 06:00:0{},500] step    250  validity 1.000\n"
    log.write_text("[2026-11-22 06:00:00,000] something else\n" + line.format(1) + line.format(3))
    first, second = evaluation_times(log)
    assert second - first == 2
