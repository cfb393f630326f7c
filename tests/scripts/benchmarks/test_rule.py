from scripts.benchmarks.rule import CELLS, FIGURES


def test_cells_differ_in_the_pattern_and_in_what_is_shown_of_it():
    cells = CELLS.values()
    assert len({cell.name for cell in cells}) == len({cell.overrides for cell in cells}) == len(cells) == 12


def test_bars_are_of_what_the_table_shows():
    assert all({bar.name for bar in cell.bars} <= set(FIGURES) for cell in CELLS.values())
    assert [str(bar) for bar in CELLS["5, half shown"].bars] == [
        "median fidelity ≥ 0.995",
        "median unseen_coverage ≥ 0.995",
        "median forward_kl ≤ 0.01",
        "median validity_40 ≥ 0.995",
        "worst fidelity ≥ 0.98",
        "worst validity_40 ≥ 0.95",
        "median validity_64 ≥ 0.98",
    ]
