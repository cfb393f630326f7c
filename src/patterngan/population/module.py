"""The population GAN: many GANs of one structure, trained as one LightningModule."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from patterngan.data.streams import Stream, Streams
from patterngan.evaluation.evaluator import Draws, Evaluation
from patterngan.gan.optimizers import SGD, Adam, OptimizerFactory, PopulationAdam, PopulationSGD
from patterngan.gan.schedules import move_schedules, progress_seen
from patterngan.population.stacking import Population, stacked
from patterngan.population.threads import in_threads
from patterngan.training.module import GAN, DivergedError, require_finite

KEPT_DRAWS = 2**30
"""Bytes of evaluation noise that a population keeps. Members beyond draw theirs again each time."""


class PopulationGAN(GAN):
    """GANs that differ in weights, streams, patterns, schedules and optimizer settings alone, trained side by side.

    What each of them computes is what it would have computed alone, up to float rounding. A member whose losses or
    weights are no longer finite is `diverged`: its numbers are computed on, and looked at no more.
    """

    def __init__(self, members: Sequence[GAN]) -> None:
        first = members[0]
        ahead = torch.get_num_threads() > 1
        super().__init__(
            Population([member.generator for member in members]),
            Population([member.discriminator for member in members]),
            stacked([member.objective for member in members]),
            stacked([member.penalties for member in members]),
            stacked([member.update for member in members]),
            (_fused(members, 0), _fused(members, 1)),
            {name: _together(members, name, ahead) for name in first.streams},
            evaluator=first.evaluator,
            steps=first.steps,
            capture=first.capture,
        )
        self.threads = torch.get_num_threads()
        self.evaluators = [member.evaluator for member in members]
        self.found: dict[int, Evaluation] = {}
        """The last evaluation of each member that has not diverged."""
        self.absent: frozenset[int] = frozenset()
        """Members that have ended before; their numbers are computed for the sake of the others' places in memory."""
        self.diverged: dict[int, int] = {}
        """The step at which a member's numbers were first found not to be finite."""
        self._draws: dict[int, Draws] = {}
        self._start: tuple[int, list[dict[str, Any]]] | None = None

    @property
    def alive(self) -> list[int]:
        """The members that are trained and have not diverged."""
        gone = self.absent | self.diverged.keys()
        return [member for member in range(len(self.evaluators)) if member not in gone]

    def start_from(self, step: int, state_dict: dict[str, Tensor], optimizer_states: list[dict[str, Any]]) -> None:
        """Goes on from states with a members axis, in place of the initial weights."""
        self.load_state_dict(state_dict)
        self._start = step, optimizer_states

    def setup(self, stage: str) -> None:
        """Goes on counting where the states stand."""
        if self._start is not None:
            self._count(self._start[0])
            move_schedules(self, progress_seen(self._start[0], self.steps))

    def on_train_start(self) -> None:
        """Binds the players to their optimizers, which go on where they stood."""
        optimizers: list[Optimizer] = self.optimizers(use_pl_optimizer=False)  # type: ignore[assignment]
        if self._start is not None:
            for optimizer, state in zip(optimizers, self._start[1], strict=True):
                optimizer.load_state_dict(state)
        super().on_train_start()
        torch.set_num_threads(max(1, self.threads - 1))  # one draws the noise meanwhile

    def on_train_end(self) -> None:
        """Takes back the thread that drew noise."""
        torch.set_num_threads(self.threads)

    def on_exception(self, exception: BaseException) -> None:
        """Takes back the thread that drew noise."""
        torch.set_num_threads(self.threads)

    def _require_finite(self, start: int) -> None:
        assert self.losses is not None
        finite = (self.losses.generator + self.losses.discriminator).isfinite()
        for member in set(self.alive) & set((~finite.all(0)).nonzero().flatten().tolist()):
            self._mark(member, start + int(finite[:, member].long().argmin()) + 1)

    def _mark(self, member: int, step: int) -> None:
        self.diverged.setdefault(member, step)
        self.trainer.should_stop = not self.alive

    def validation_step(self, batch: int, index: int) -> None:
        """Measures every member that has not diverged; `found` holds the outcomes."""
        threads = self.threads if self.device.type == "cpu" else 1  # a GPU has one queue
        found = in_threads(self._evaluate_member, self.alive, threads)
        for member, outcome in zip(self.alive, found, strict=True):
            if outcome is None:
                self._mark(member, self.global_step)
            else:
                self.found[member] = outcome

    def _evaluate_member(self, member: int) -> Evaluation | None:
        assert isinstance(self.result, Population)
        assert isinstance(self.discriminator, Population)
        generator, discriminator = self.result.member(member), self.discriminator.member(member)
        try:
            found = self.evaluators[member](
                generator, lambda codes: discriminator(codes).squeeze(-1), self._draws_of(member)
            )
            require_finite(found, [*generator.parameters(), *discriminator.parameters()], self.global_step)
        except DivergedError:
            return None
        return found

    def _draws_of(self, member: int) -> Draws:
        draws = self._draws.get(member)
        if draws is None:
            draws = self.evaluators[member].draw(self.device)
            if (len(self._draws) + 1) * draws.noise.nbytes <= KEPT_DRAWS:
                self._draws[member] = draws
        return draws


def _together(members: Sequence[GAN], name: str, ahead: bool) -> Streams:
    streams = [member.streams[name] for member in members]
    return Streams([stream for stream in streams if isinstance(stream, Stream)], 2, ahead)


def _fused(members: Sequence[GAN], player: int) -> OptimizerFactory:
    factories = [member.optimizer_factories[player] for member in members]

    def optimizer(parameters: Iterable[nn.Parameter]) -> Optimizer:
        if isinstance(factories[0], SGD):
            return PopulationSGD(parameters, [factory for factory in factories if isinstance(factory, SGD)])
        return PopulationAdam(parameters, [factory for factory in factories if isinstance(factory, Adam)])

    return optimizer


def gradient_norms(network: nn.Module) -> Tensor:
    """The Euclidean norm of each member's last gradient, [members]."""
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    return torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients]).sum(0).sqrt()
