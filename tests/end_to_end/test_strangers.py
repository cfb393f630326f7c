"""What a stranger wrote is read without running it: checkpoints, run folders and sweep folders."""

import pytest
import torch


class Payload:
    """A pickle that runs code when it is loaded carelessly."""

    def __reduce__(self):
        return print, ("EXECUTED",)


def damaged(kind, folder, run):
    """A file that is no checkpoint of ours."""
    path = folder / f"{kind}.ckpt"
    whole = (run / "checkpoints" / "last.ckpt").read_bytes()
    if kind == "junk":
        path.write_bytes(b"hello")
    elif kind == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "text":
        path.write_text("not a checkpoint")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "foreign":
        torch.save({"state_dict": {}, "global_step": 3}, path)
    elif kind == "tensor":
        torch.save(torch.ones(3), path)
    elif kind == "malicious":
        torch.save({"patterngan": Payload()}, path)
    else:
        content = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
        if kind == "yaml":
            content["patterngan"]["settings"] = "{a: ["
        elif kind == "interpolation":
            content["patterngan"]["settings"]["noise"]["dim"] = "${oc.env:HOME}"
        elif kind == "weights":
            content["state_dict"] = 3
        elif kind == "step":
            content["global_step"] = -5
        elif kind == "optimizers":
            del content["optimizer_states"]
        torch.save(content, path)
    return path


KINDS = ["junk", "truncated", "text", "empty", "foreign", "tensor", "malicious"]
KINDS += ["yaml", "interpolation", "weights", "step", "optimizers"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_no_checkpoint(typed, tmp_path_factory, evens, kind):
    path = damaged(kind, tmp_path_factory.mktemp("files"), evens)
    for script, argument in (
        ("train", f"ckpt_path={path}"),
        ("generate", str(path)),
        ("evaluate", str(path)),
        ("export", str(path)),
    ):
        done = typed(script, argument)
        assert (done.code, done.out, done.made) == (2, "", [])
        assert done.err.startswith(f"error: {'ckpt_path=' * (script == 'train')}{path}: not a ")
        assert done.err.count("\n") == 1


@pytest.fixture
def evil(tmp_path_factory, evens):
    """Writes a stranger's checkpoint; a pickle lies beside it that prints EXECUTED where it is loaded carelessly."""
    folder = tmp_path_factory.mktemp("strangers")
    torch.save(Payload(), folder / "payload.pt")

    def write(change):
        content = torch.load(evens / "checkpoints" / "last.ckpt", weights_only=True)
        change(content["patterngan"], folder / "payload.pt")
        torch.save(content, folder / "evil.ckpt")
        return folder / "evil.ckpt"

    return write


TARGETS = ["os.system", "builtins.eval", "torch.load", "patterngan.cli.script", "patterngan.data.torch.load"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_config_that_names_code_of_its_own(typed, evil, target):
    path = evil(lambda ours, file: ours["settings"].update(pattern={"_target_": target, "f": str(file)}))
    for script in ("generate", "evaluate", "export"):
        done = typed(script, str(path))
        assert (done.code, done.out, done.made) == (2, "", [])
        assert f"_target_={target}: a loaded config may only name functions of patterngan" in done.err


@pytest.mark.parametrize("escape", ["", "\\"])
def test_a_config_that_builds_code_of_its_own(typed, evil, escape):
    def change(ours, file):
        call = f"{{_tar\\x67et_: torch.load, f: {file}, weights_only: false}}"
        ours["settings"]["noise"] = f"{escape}${{oc.create:'{call}'}}"

    path = evil(change)
    for script in ("generate", "evaluate", "export"):
        done = typed(script, str(path))
        assert (done.code, done.out, done.made) == (2, "", [])
        assert done.err == f"error: {path}: not a checkpoint of patterngan\n"


def test_overrides_of_a_strangers_checkpoint_run_no_code_and_write_nowhere(typed, tmp_path, evil):
    def change(ours, file):
        load = f"f: {file}, weights_only: false"
        ours["overrides"] += [
            "pattern._target_=torch.load",
            f"+callbacks.evil={{_target_:torch.load,{load}}}",
            f"+callbacks.worse='${{oc.create:\"{{_tar${{oc.env:NOPE,get_}}: torch.load, {load}}}\"}}'",
            "hydra.callbacks.check._target_=torch.load",
            "pattern@hydra.callbacks.x=multiples",
            "pattern=../../../elsewhere",
            "logger.name=ELSEWHERE",
            "hydra.run.dir=ELSEWHERE",
            "optimized_metric=${oc.env:HOME}",
            "not an override [",
        ]

    done = typed("train", f"ckpt_path={evil(change)}", "hydra.run.dir=here")
    assert done.code == 0, done.err
    assert "EXECUTED" not in done.out
    assert {path.name for path in tmp_path.iterdir()} == {"here"}
