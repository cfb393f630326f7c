"""The population GAN: many GANs of one structure, trained as one LightningModule."""

import statistics
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import override

from patterngan.data.streams import ChunkedStream
from patterngan.evaluation.evaluator import Draws, Evaluation
from patterngan.evaluation.metrics import selection_score
from patterngan.evaluation.registry import CHARTED
from patterngan.gan.optimizers import SGD, OptimizerFactory
from patterngan.gan.schedules import move_schedules, progress_seen
from patterngan.gan.step import Losses
from patterngan.population.optimizers import PopulationAdam, PopulationSGD, ShardedOptimizer
from patterngan.population.sharding import cuts
from patterngan.population.stacking import Population, share_weights, stacked
from patterngan.population.streams import MemberStreams
from patterngan.training.module import GAN, DivergedError, require_finite

KEPT_DRAWS = 2**30
"""Bytes of evaluation noise that a population keeps. Members beyond draw theirs again each time."""


class PopulationGAN(GAN):
    """GANs that differ in weights, streams, patterns, schedules and optimizer settings alone, trained side by side.

    What each of them computes is what it would have computed alone, up to float rounding. A member whose losses or
    weights are no longer finite has `diverged`; it is still computed, and looked at no more.
    """

    def __init__(
        self, members: Sequence[GAN], absent: Collection[int] = (), shards: int = 1, threads: int | None = None
    ) -> None:
        """Stacks GANs of one structure.

        Args:
            members: the GANs.
            absent: members that have ended before. They are still computed, so that the memory layout (and the last
                bits) of the others stays the same.
            shards: into how many it is cut, see `sharding`.
            threads: how many it may use; None: as many as PyTorch does.
        """
        first, self.threads = members[0], threads or torch.get_num_threads()
        super().__init__(
            Population([member.generator for member in members]),
            Population([member.discriminator for member in members]),
            stacked([member.objective for member in members]),
            stacked([member.penalties for member in members]),
            stacked([member.update for member in members]),
            (_optimizer(members, 0), _optimizer(members, 1)),
            {name: _stream(members, name, ahead=self.threads > 1) for name in first.streams},
            evaluator=first.evaluator,
            steps=first.steps,
            capture=first.capture,
            symbol_size=first.symbol_size,
        )
        self.evaluators = [member.evaluator for member in members]
        self.records = [record for member in members for record in member.records]
        self.absent = frozenset(absent)
        self.diverged: dict[int, int] = {}
        """Member → the step at which its numbers were first seen not to be finite."""
        self._draws: dict[int, Draws] = {}
        self._first_step = 0
        self._optimizer_states: list[dict[str, Any]] = []
        self.to(first.dtype)
        self.shards: list[PopulationGAN] = []
        """Populations of neighbours which take the steps, where there are any. Their weights are views of these."""
        for cut in cuts(len(members), shards) if shards > 1 else ():
            self.shards.append(PopulationGAN(members[cut], threads=1))
            share_weights(self, self.shards[-1], cut)

    @property
    @override
    def discriminator_network(self) -> nn.Module:
        assert isinstance(self.discriminator, Population)
        return self.discriminator.members

    @property
    @override
    def alive(self) -> list[int]:
        gone = self.absent | self.diverged.keys()
        return [member for member in range(len(self.evaluators)) if member not in gone]

    @override
    def finite_members(self) -> list[int]:
        weights = list(self.parameters())
        return [member for member in self.alive if all(weight[member].isfinite().all() for weight in weights)]

    @override
    def gradient_norms(self, network: nn.Module) -> list[float]:
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        squares: Tensor = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients])
        norms: list[float] = squares.sum(0).sqrt().tolist()
        return norms

    def start_from(self, step: int, state_dict: dict[str, Tensor], optimizer_states: list[dict[str, Any]]) -> None:
        """Goes on from states with a members axis, in place of the initial weights."""
        self.load_state_dict(state_dict)
        self._first_step, self._optimizer_states = step, optimizer_states

    @override
    def setup(self, stage: str) -> None:
        self._count(self._first_step)
        move_schedules(self, progress_seen(self._first_step, self.steps))

    @override
    def configure_optimizers(self) -> list[Optimizer]:
        if self.shards:
            own = [shard.configure_optimizers() for shard in self.shards]
            optimizers: list[Optimizer] = [ShardedOptimizer(player) for player in zip(*own, strict=True)]
        else:
            optimizers = super().configure_optimizers()
        for optimizer, state in zip(optimizers, self._optimizer_states, strict=False):  # none at the start
            optimizer.load_state_dict(state)
        return optimizers

    @override
    def on_train_start(self) -> None:
        super().on_train_start()
        torch.set_num_threads(max(1, self.threads - 1))  # one thread draws the noise meanwhile

    @override
    def prepare(self, optimizers: Sequence[Optimizer]) -> None:
        super().prepare(optimizers)
        for index, shard in enumerate(self.shards):
            shard.prepare([cast(ShardedOptimizer, optimizer).shards[index] for optimizer in optimizers])

    @override
    def take_steps(self, start: int, block: Tensor) -> tuple[Losses, tuple[Tensor, ...]]:
        if not self.shards:
            return super().take_steps(start, block)
        blocks = block.split([len(shard.evaluators) for shard in self.shards], 1)
        with ThreadPoolExecutor(len(blocks), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            taken = list(pool.map(PopulationGAN.take_steps, self.shards, [start] * len(blocks), blocks))
        losses, gradients = zip(*taken, strict=True)
        together = Losses(*(torch.cat(own, 1) for own in zip(*losses, strict=True)))
        return together, tuple(torch.cat(own) for own in zip(*gradients, strict=True))

    @override
    def on_train_end(self) -> None:
        torch.set_num_threads(self.threads)

    @override
    def _require_finite_losses(self, start: int) -> None:
        assert self.losses is not None
        finite = (self.losses.generator + self.losses.discriminator).isfinite()
        for member in set(self.alive) & set((~finite.all(0)).nonzero().flatten().tolist()):
            self._mark_diverged(member, start + int(finite[:, member].long().argmin()) + 1)

    def _mark_diverged(self, member: int, step: int) -> None:
        self.diverged.setdefault(member, step)
        self.evaluations.pop(member, None)
        self.trainer.should_stop = not self.alive

    @override
    def validation_step(self, batch: int, index: int) -> None:
        for member, evaluation in zip(self.alive, self._evaluate_alive(), strict=True):
            if evaluation is None:
                self._mark_diverged(member, self.global_step)
            else:
                self.evaluations[member] = evaluation

    def _evaluate_alive(self) -> list[Evaluation | None]:
        if self.threads == 1 or self.device.type != "cpu":  # a GPU has one queue
            return [self._evaluate_member(member) for member in self.alive]
        # PyTorch releases Python's lock. Each thread has one core: threads of threads would fight for the same ones.
        with ThreadPoolExecutor(self.threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(self._evaluate_member, self.alive))

    def _evaluate_member(self, member: int) -> Evaluation | None:
        """The evaluation of a member; None if its numbers are not finite."""
        assert isinstance(self.trained_generator, Population)
        assert isinstance(self.discriminator, Population)
        generator, discriminator = self.trained_generator.member(member), self.discriminator.member(member)
        try:
            evaluation = self.evaluators[member](
                generator, lambda codes: discriminator(codes.to(self.dtype)).squeeze(-1), self._draws_of(member)
            )
            require_finite(evaluation, [*generator.parameters(), *discriminator.parameters()], self.global_step)
        except DivergedError:
            return None
        return evaluation

    def _draws_of(self, member: int) -> Draws:
        draws = self._draws.get(member)
        if draws is None:
            draws = self.evaluators[member].draw(self.device, next(self.parameters()).dtype)
            if (len(self._draws) + 1) * draws.law.noise.nbytes <= KEPT_DRAWS:
                self._draws[member] = draws
        return draws

    @override
    def status(self) -> str:
        """Medians of the members' last evaluations, and the best score."""
        metrics = [self.evaluations[member].metrics for member in self.alive if member in self.evaluations]
        if not metrics:
            return ""
        score = "tv" if "tv" in metrics[0] else "invalid"
        scores = [selection_score(one) for one in metrics]
        rising = [metric.name for metric in CHARTED if metric.better == "higher" and metric.name in metrics[0]]
        medians = {name: statistics.median(one[name] for one in metrics) for name in rising}
        medians[score] = statistics.median(scores)
        words = "  ".join(f"{name} {median:.3f}" for name, median in medians.items())
        diverged = f"  {len(self.diverged)} diverged" if self.diverged else ""
        return f"{words} (medians), best {score} {min(scores):.3f}{diverged}"

    @override
    def evaluation_line(self) -> str:
        return f"step {self.global_step:>6}  {self.status()}"


def _stream(members: Sequence[GAN], name: str, ahead: bool) -> MemberStreams:
    own = [cast(ChunkedStream, member.streams[name]) for member in members]
    return MemberStreams(own, axis=2, ahead=ahead)


def _optimizer(members: Sequence[GAN], player: int) -> OptimizerFactory:
    """What makes one optimizer for all members: of G (0) or of D (1)."""
    settings: list[Any] = [member.optimizer_factories[player] for member in members]
    return partial(PopulationSGD if isinstance(settings[0], SGD) else PopulationAdam, members=settings)
