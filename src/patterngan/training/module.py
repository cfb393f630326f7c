"""The GAN as a LightningModule: two networks, their optimizers and their evaluation."""

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from typing_extensions import override

from patterngan.data.streams import StepStream
from patterngan.evaluation.evaluator import Evaluation, Evaluator
from patterngan.gan.discriminators import each_code_once, reads_few_codes
from patterngan.gan.objectives import Objective
from patterngan.gan.optimizers import Moving, OptimizerFactory
from patterngan.gan.schedules import move_schedules, progress_at, progress_seen
from patterngan.gan.step import Losses, Players, optimizer_step
from patterngan.gan.updates import Update
from patterngan.reporting.console import brief, evaluation_line
from patterngan.reporting.events import curve_points
from patterngan.storage.checkpoints import KEY
from patterngan.storage.stopwatch import Stopwatch
from patterngan.training.adapters import Adapter
from patterngan.training.capture import Captured
from patterngan.training.inputs import step_batch, with_instance_noise, with_state_noise
from patterngan.validation import UsageError


class DivergedError(UsageError):
    """A loss or a weight is no longer a finite number; `step` is the first GAN step at which one was not."""

    exit_code = 1

    def __init__(self, step: int) -> None:
        super().__init__(step)  # which another process makes the same error from
        self.step = step

    def __str__(self) -> str:
        return f"diverged: a loss or a weight was not finite at step {self.step}; a smaller lr may help"


class GAN(pl.LightningModule):
    """Trains a generator against a discriminator by `update`, one block of GAN steps a batch.

    Every tensor may carry leading axes before the batch (the members of a population): losses are reduced over the
    batch only, and the gradient taken is that of their sum, so that members never mix. A run alone has one member,
    number 0; callbacks go through `alive` and serve both.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        objective: Objective,
        penalties: nn.ModuleList,
        update: Update,
        optimizers: tuple[OptimizerFactory, OptimizerFactory],
        streams: Mapping[str, StepStream],
        evaluator: Evaluator,
        steps: int,
        capture: bool = True,
        symbol_size: int | None = None,
    ) -> None:
        """Sets up a GAN.

        `streams`: see `inputs.random_inputs`. `steps`: the length of the run, which schedules go by. `symbol_size`:
        see `inputs.step_batch`.
        """
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.discriminator = generator, discriminator
        self.average = copy.deepcopy(generator).requires_grad_(False) if update.ema is not None else None
        self.objective, self.penalties, self.update = objective, penalties, update
        self.optimizer_factories = optimizers
        self.streams, self.evaluator, self.steps, self.capture = dict(streams), evaluator, steps, capture
        self.symbol_size = symbol_size
        self.losses: Losses | None = None
        """Of the last block: [steps], or [steps, members]."""
        self.evaluations: dict[int, Evaluation] = {}
        """The last evaluation of each member."""
        self.records: list[dict[str, Any]] = [{"settings": {}, "overrides": []}]
        """The settings and overrides that each member was made from; they travel in its checkpoints."""
        self.logs: Mapping[int, Sequence[Adapter]] = {}
        """The loggers of each member."""
        self.stopwatch = Stopwatch()

    def discriminate(self, codes: Tensor, *state_noise: Tensor) -> Tensor:
        """Codes [..., batch, width] → logits [..., batch], or [..., packs]; see `inputs.with_state_noise`."""
        logits: Tensor = self.discriminator(codes.to(self.dtype), *state_noise)
        return logits.squeeze(-1)

    @property
    def trained_generator(self) -> nn.Module:
        """The generator that is measured and exported: its running average where there is one."""
        return self.generator if self.average is None else self.average

    @override
    def configure_optimizers(self) -> list[Optimizer]:
        generator, discriminator = self.optimizer_factories
        return [generator(self.generator.parameters()), discriminator(self.discriminator.parameters())]

    @override
    def on_train_start(self) -> None:
        self.prepare(self.optimizers(use_pl_optimizer=False))  # type: ignore[arg-type]
        self._log_at(self.global_step)

    def prepare(self, optimizers: Sequence[Optimizer]) -> None:
        """Prepares for GAN steps with the optimizers of G and of D."""
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group.update(optimizer.defaults)  # a checkpoint brings its own lr; what the user typed wins
        self._moving = [optimizer for optimizer in optimizers if isinstance(optimizer, Moving)]
        self._warmup = max((optimizer.warmup for optimizer in self._moving), default=0)
        generator, discriminator = optimizers
        steps = optimizer_step(self.generator, generator.step), optimizer_step(self.discriminator, discriminator.step)
        self.players = Players(self.generator, self.discriminate, *steps)
        self.run_step = Captured(self.gan_step) if self.capture else self.gan_step

    def start_block(self, steps: int) -> None:
        """Prepares for a block of so many GAN steps; `PatternData` calls it before callbacks see the block."""
        move_schedules(self, progress_at(self.global_step, self.steps))
        self._move_learning_rates(self.global_step)
        self._log_at(self.global_step + steps - 1)

    @override
    def training_step(self, block: Tensor, index: int) -> None:
        """One GAN step for each row of a block [steps, ..., reals, width]."""
        start = self.global_step
        self.losses, gradients = self.take_steps(start, block)
        for parameter, gradient in zip(self._trained_parameters(), gradients, strict=True):
            parameter.grad = gradient.clone()  # a replayed step does not set it, and returns inference tensors
        self._count(len(block))
        self._require_finite_losses(start)

    @torch.no_grad()
    def take_steps(self, start: int, block: Tensor) -> tuple[Losses, tuple[Tensor, ...]]:
        """GAN steps from `start` on. Returns their losses [steps, ...], and the last gradient of every parameter."""
        stop = start + len(block)
        streams = [stream.read(start, stop, self.device).to(self.dtype) for stream in self.streams.values()]
        outputs = []
        for step, rows in enumerate(zip(block.unbind(), *(s.unbind() for s in streams), strict=True), start):
            if step < self._warmup:
                self._move_learning_rates(step)
            outputs.append(self.run_step(*rows))
        return Losses(*(torch.stack(losses) for losses in list(zip(*outputs, strict=True))[:2])), outputs[-1][2:]

    @torch.enable_grad()
    def gan_step(self, reals: Tensor, *streams: Tensor) -> tuple[Tensor, ...]:
        """One GAN step. Returns the losses, then the last gradient of every parameter, G's and D's."""
        inputs, symbols = dict(zip(self.streams, streams, strict=True)), self.objective.hard_symbols
        players, rules = with_state_noise(self.players, inputs), (self.objective, self.penalties, self.update)
        if self.update.instance_noise is not None:
            sigma = self.update.instance_noise.value
            noisy = with_instance_noise(players.discriminator, inputs["instance_noise"], sigma)
            players = replace(players, discriminator=noisy)
        elif not len(self.penalties) and reads_few_codes(self.discriminator_network, symbols, reals.shape[-2]):
            players = each_code_once(players, symbols, reals)
        batch = step_batch(reals, inputs, rules, self.symbol_size)
        losses = self.update(players, self.objective, self.penalties, batch)
        if self.average is not None:
            self.update.average(self.average, self.generator)
        gradients = [parameter.grad for parameter in self._trained_parameters()]
        return *losses, *(gradient for gradient in gradients if gradient is not None)

    @property
    def discriminator_network(self) -> nn.Module:
        """The discriminator's own modules; those of a population's members, with stacked weights."""
        return self.discriminator

    def _trained_parameters(self) -> list[nn.Parameter]:
        return [*self.generator.parameters(), *self.discriminator.parameters()]

    def _move_learning_rates(self, step: int) -> None:
        for optimizer in self._moving:
            optimizer.move_to(progress_at(step, self.steps), step)

    def _count(self, steps: int) -> None:
        # `trainer.global_step` and `max_steps` look at this counter. Lightning's public way to move it is to step a
        # wrapped optimizer, once for each GAN step; a recorded step calls no optimizer.
        progress = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
        progress.total.ready += steps
        progress.total.completed += steps

    def _log_at(self, step: int) -> None:
        # The x axis of what Lightning's callbacks log, which Lightning counts in batches, here in blocks. It says which
        # step is being taken, the first being 0. What is due every n-th step is so when the last step of a block is.
        self.trainer.fit_loop.epoch_loop._batches_that_stepped = step

    def _require_finite_losses(self, start: int) -> None:
        assert self.losses is not None
        finite = (self.losses.generator + self.losses.discriminator).isfinite()
        if not finite.all():
            raise DivergedError(start + int(finite.long().argmin()) + 1)

    @override
    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[KEY] = self.records[0] | {"seconds": list(self.stopwatch.seconds())}
        # The GAN step is all the progress there is. Lightning would come back into the epoch that the evaluation ends.
        del checkpoint["loops"]

    @override
    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._count(checkpoint["global_step"] - self.global_step)
        known = {one.state_key for one in self.trainer.callbacks}  # type: ignore[attr-defined]
        # The state of a callback that the run no longer has; Lightning would warn of it.
        checkpoint["callbacks"] = {key: state for key, state in checkpoint["callbacks"].items() if key in known}
        move_schedules(self, progress_seen(checkpoint["global_step"], self.steps))

    @override
    def validation_step(self, batch: int, index: int) -> None:
        """Evaluates every member; `evaluations` holds the outcomes."""
        self.evaluations[0] = self.evaluate()
        require_finite(self.evaluations[0], self.parameters(), self.global_step)  # before a checkpoint is written
        self._offer_metrics(self.evaluations[0])

    def _offer_metrics(self, evaluation: Evaluation) -> None:
        # For callbacks that monitor a metric, under its curve's name and its own. `self.log` would do the same in a
        # hundred times the time, a fifth of an evaluation's.
        points = curve_points(evaluation.metrics)
        for tag, value in zip(points, torch.tensor(list(points.values())), strict=True):
            self.trainer.callback_metrics.update({tag: value, tag.partition("/")[2]: value})

    def evaluate(self) -> Evaluation:
        """Measures the generator."""
        draws = self.evaluator.draw(self.device, next(self.parameters()).dtype)
        return self.evaluator(self.trained_generator, self.discriminate, draws)

    @property
    def alive(self) -> list[int]:
        """The members that are trained and have not diverged."""
        return [0]

    def finite_members(self) -> list[int]:
        """The members whose weights are all finite."""
        return [0] if all(weight.isfinite().all() for weight in self.parameters()) else []

    def gradient_norms(self, network: nn.Module) -> list[float]:
        """The Euclidean norm of each member's last gradient."""
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        return [float(torch.nn.utils.get_total_norm(gradients))]

    def status(self) -> str:
        """The last evaluation in a few words, for a progress bar."""
        return brief(self.evaluations[0].metrics) if self.evaluations else ""

    def evaluation_line(self) -> str:
        """The last evaluation in a line."""
        return evaluation_line(self.global_step, self.evaluations[0])


def require_finite(evaluation: Evaluation, weights: Iterable[Tensor], step: int) -> None:
    """Raises `DivergedError` unless an evaluation and the weights that were evaluated are finite."""
    weights_finite = all(weight.isfinite().all() for weight in weights)
    if not weights_finite or not math.isfinite(evaluation.metrics["d_real"] + evaluation.metrics["d_fake"]):
        raise DivergedError(step)
