from tests.reporting.test_sweep import run


def test_what_is_asked_of_the_wrong_folder_is_refused(typed, tmp_path):
    def refusal(*arguments):
        done = typed("report", *arguments)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
        return done.err

    run(tmp_path / "sweep" / "0", overrides=["seed=0"], validity=0.5, tv=0.5)
    (tmp_path / "waiting" / ".hydra").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    assert "--all: is for a sweep" in refusal("sweep/0", "--all")
    assert "--animate: is for a run" in refusal("sweep", "--animate")
    assert "waiting: holds no result.json; a run that has ended" in refusal("waiting")
    assert "empty: holds no run" in refusal("empty")
    assert "nowhere: no such folder" in refusal("nowhere")
    assert not list((tmp_path / "waiting").glob("report.html"))


def test_a_run_without_portraits_has_a_page_but_no_film(typed, tmp_path):
    run(tmp_path / "0", overrides=["seed=0"], validity=0.5, tv=0.5)
    done = typed("report", "0", "--animate")
    assert (done.code, done.out) == (2, "0/report.html\n")
    assert done.err.startswith("error: 0: has no portraits to animate")


def test_two_folders_are_compared(typed, tmp_path):
    for name, lr in (("a", 1), ("b", 2)):
        run(tmp_path / name / "0", overrides=[f"lr={lr}", "seed=0"], validity=0.5, tv=0.5)
    done = typed("report", "a", "b")
    assert (done.code, done.err, done.out.splitlines()[-1]) == (0, "", "report     b/against_a.html")
    assert (tmp_path / "b" / "against_a.html").is_file()
    for flag in (["--all"], ["--animate"], ["--trust", "mylab"]):
        refused = typed("report", "a", "b", *flag)
        assert (refused.code, refused.err) == (2, "error: --all, --animate, --trust: are for the page of one folder\n")
    assert typed("report", "a", "a").err == "error: a: is compared with itself; two folders are needed\n"
