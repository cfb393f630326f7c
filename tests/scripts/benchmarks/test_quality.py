from patterngan.reporting.sweep import Row
from scripts.benchmarks.quality import CELLS, TABLE, draw
from scripts.benchmarks.tables import CellResult


def test_every_cell_has_the_bars_of_its_number_of_modes():
    few, many = ([str(bar) for bar in TABLE.cells[name].bars] for name in ("onehot-5", "binary-1000"))
    kl = ["worst kl ≤ 0.002", "worst forward_kl ≤ 0.002"]
    assert few == ["worst validity ≥ 0.999", "median tv ≤ 0.01", "worst tv ≤ 0.02", *kl]
    assert many == ["worst validity ≥ 0.999", "median tv ≤ 0.03", "worst tv ≤ 0.03", *kl]


def test_the_chart_shows_every_seed():
    metrics = {"validity": 1.0, "tv": 0.01, "kl": 0.001, "forward_kl": 0.001}
    runs = [Row(str(tv), {}, "completed", {"metrics": metrics | {"tv": tv}}) for tv in (0.01, 0.01, 0.05)]
    figure = draw([CellResult(TABLE.cells["onehot-5"], runs, 1.0)])
    assert [axes.get_xlabel() for axes in figure.axes] == ["tv", "kl", "forward_kl", "1 - validity"]
    assert list(figure.axes[0].lines[0].get_xdata()) == [0.01, 0.01, 0.05]


def test_the_table_has_the_cells_of_the_default_recipe_without_settings_of_their_own():
    allowed = {"encoding", "pattern.k", "encoding.capacity"}
    assert {override.partition("=")[0] for cell in CELLS for override in cell.overrides} <= allowed
    assert len(TABLE.cells) == len(CELLS) == 12
