import torch

from patterngan.training.capture import compile_graph
from patterngan.training.recording import recorded
from patterngan.training.scripting import torchscript


def lines_of(step, *inputs):
    """The lines of a step's TorchScript."""
    return torchscript(recorded(step, *inputs)[0])[0].splitlines()


@torch.no_grad()
def test_a_function_of_a_steps_inputs_and_of_the_tensors_that_stay():
    weights = torch.ones(2)
    source, tensors = torchscript(recorded(lambda x, y: (x * weights, y * weights), torch.ones(2), torch.ones(2))[0])
    assert source.splitlines() == [
        "def replay(input_0, input_1, lasting: List[Tensor]):",
        "    lasting_0, = lasting",
        "    mul = torch.ops.aten.mul(input_0, lasting_0)",
        "    mul_1 = torch.ops.aten.mul(input_1, lasting_0)",
        "    return (mul, mul_1, ), []",
    ]
    assert tensors[0] is weights
    assert len(tensors) == 1


@torch.no_grad()
def test_writes_are_kept():
    kept = torch.zeros(2)

    def step(x):
        kept.add_(x)
        torch._foreach_mul_([kept, x], 2)
        torch.rand(2)
        return (x.exp(),)

    *_, last = lines_of(step, torch.ones(2))
    assert last == "    return (exp, ), [lasting_0.dim(), input_0.dim(), add_.dim(), len(list_1), rand.dim()]"


@torch.no_grad()
def test_what_nobody_reads_is_not_computed():
    def step(x):
        x.exp().sum()
        return (x + 1,)

    assert len(lines_of(step, torch.ones(2))) == 3  # between the first and the last, the sum


@torch.no_grad()
def test_what_is_the_same_at_every_step_is_computed_when_recorded():
    def step(x):
        grid = torch.cat([torch.eye(2), torch.arange(4.0).view(2, 2)]) * torch.tensor([2.0, 3.0])
        return (x * grid.t()[0], x.new_zeros(2, 2).exp())

    recording = recorded(step, torch.ones(4))[0]
    source, tensors = torchscript(recording)
    assert (source.count(" = torch"), len(tensors)) == (1, 2)  # the product; a column of the grid, and the ones
    found = compile_graph(recording)(torch.ones(4))
    assert all(torch.equal(a, b) for a, b in zip(found, step(torch.ones(4)), strict=True))


@torch.no_grad()
def test_views_that_nobody_reads_are_not_taken_and_one_of_a_view_may_be_what_it_is_of():
    def step(x):
        product = x * 2
        return (product.t().t().exp() + product.t()[0].unsqueeze(0),)

    recording = recorded(step, torch.ones(2, 2))[0]
    assert "aten.t(" in torchscript(recording)[0]  # of the row
    assert "aten.t(t" not in torchscript(recording)[0]
    assert torch.equal(compile_graph(recording)(torch.ones(2, 2))[0], step(torch.ones(2, 2))[0])
