"""The GAN: two networks, their optimizers and their exact evaluation, as a LightningModule."""

import copy
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from patterngan.data.streams import Stream, Streams
from patterngan.evaluation import metrics as evaluation
from patterngan.evaluation.evaluator import Evaluation, Evaluator
from patterngan.gan.objectives import Objective
from patterngan.gan.optimizers import Moving, OptimizerFactory
from patterngan.gan.schedules import move_schedules, progress_at, progress_seen
from patterngan.gan.step import Batch, Draw, Players, descent
from patterngan.gan.updates import Losses, Update
from patterngan.storage.checkpoints import KEY
from patterngan.training.capture import Captured
from patterngan.validation import UsageError


class DivergedError(UsageError):
    """A loss or a weight is no longer a finite number; `step` is the first GAN step at which one was not."""

    exit_code = 1

    def __init__(self, step: int) -> None:
        super().__init__(f"diverged: a loss or a weight was not finite at step {step}; a smaller lr may help")
        self.step = step


class GAN(pl.LightningModule):
    """Trains a generator against a discriminator by `update`, one block of GAN steps a batch.

    Every tensor may carry leading axes before the batch (the members of a population): losses are reduced
    over the batch only, and the gradient taken is that of their sum, so that members never mix.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        objective: Objective,
        penalties: nn.ModuleList,
        update: Update,
        optimizers: tuple[OptimizerFactory, OptimizerFactory],
        streams: Mapping[str, Stream | Streams],
        evaluator: Evaluator,
        steps: int,
        capture: bool = True,
    ) -> None:
        """`streams`: "noise", and where they are needed "proposals", "mixing" and "blur"; see `players.Batch`.

        `steps` is the length of the run that schedules go by.
        """
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.discriminator = generator, discriminator
        self.average = copy.deepcopy(generator).requires_grad_(False) if update.ema is not None else None
        self.objective, self.penalties, self.update = objective, penalties, update
        self.optimizer_factories = optimizers
        self.streams, self.evaluator, self.steps, self.capture = dict(streams), evaluator, steps, capture
        self.latest: Evaluation | None = None
        self.losses: Losses | None = None
        self.record: dict[str, Any] = {"settings": {}, "overrides": []}

    def discriminate(self, codes: Tensor) -> Tensor:
        """Codes [..., batch, width] → logits [..., batch], or [..., packs]."""
        logits: Tensor = self.discriminator(codes)
        return logits.squeeze(-1)

    @property
    def result(self) -> nn.Module:
        """What is measured and exported: the generator's running average where there is one."""
        return self.generator if self.average is None else self.average

    def configure_optimizers(self) -> list[Optimizer]:
        """G's optimizer, then D's."""
        generator, discriminator = self.optimizer_factories
        return [generator(self.generator.parameters()), discriminator(self.discriminator.parameters())]

    def on_train_start(self) -> None:
        """Binds the players to their optimizers."""
        optimizers: list[Optimizer] = self.optimizers(use_pl_optimizer=False)  # type: ignore[assignment]
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group.update(optimizer.defaults)  # a checkpoint brings its own lr; what the user typed wins
        generator, discriminator = (optimizer.step for optimizer in optimizers)
        self.players = Players(
            generator=self.generator,
            discriminator=self.discriminate,
            descend_generator=descent(self.generator, generator),
            descend_discriminator=descent(self.discriminator, discriminator),
        )
        self.step = Captured(self.gan_step) if self.capture else self.gan_step

    @torch.enable_grad()
    def gan_step(self, reals: Tensor, *streams: Tensor) -> tuple[Tensor, ...]:
        """One GAN step. Returns the losses, then the last gradient of every parameter, G's and D's."""
        read = dict(zip(self.streams, streams, strict=True))
        players = self.players
        if self.update.instance_noise is not None:
            players = replace(players, discriminator=self._blurred(read["blur"], self.update.instance_noise.value))
        losses = self.update(players, self.objective, self.penalties, self._batch(reals, read))
        self._follow()
        gradients = [parameter.grad for parameter in self._trained()]
        return *losses, *(gradient for gradient in gradients if gradient is not None)

    def _batch(self, reals: Tensor, read: Mapping[str, Tensor]) -> Batch:
        update = self.update
        proposals = _rows(read["proposals"]) if "proposals" in read else [None] * update.draws
        mixing = _rows(read["mixing"]) if "mixing" in read else [None] * update.discriminator_steps
        draws = tuple(Draw(*draw) for draw in zip(_rows(read["noise"]), proposals, strict=True))
        size = reals.shape[-2] // update.discriminator_steps
        return Batch(reals.split(size, -2) if len(mixing) > 1 else (reals,), draws, tuple(mixing))

    def _blurred(self, blur: Tensor, sigma: Tensor) -> Callable[[Tensor], Tensor]:
        """D, looking at codes through Gaussian noise: `blur` [looks, ..., batch, width], scaled by σ [...]."""
        looks = iter(_rows(blur))
        return lambda codes: self.discriminate(codes + sigma[..., None, None] * next(looks))

    @torch.no_grad()
    def _follow(self) -> None:
        """One step of the running average after the generator."""
        if self.average is None or self.update.ema is None:
            return
        rate = 1 - self.update.ema.value
        for average, weight in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            average.lerp_(weight, rate.view(*rate.shape, *[1] * (weight.dim() - rate.dim())))

    def _trained(self) -> list[nn.Parameter]:
        return [*self.generator.parameters(), *self.discriminator.parameters()]

    @torch.no_grad()
    def training_step(self, block: Tensor, index: int) -> None:
        """One GAN step for each row of a block `[steps, ..., reals, width]`."""
        start = self.global_step
        self._move_to(progress_at(start, self.steps))
        streams = [stream.read(start, start + len(block), self.device) for stream in self.streams.values()]
        outputs = [self.step(*rows) for rows in zip(block.unbind(), *(s.unbind() for s in streams), strict=True)]
        self.losses = Losses(*(torch.stack(losses) for losses in list(zip(*outputs, strict=True))[:2]))
        for parameter, gradient in zip(self._trained(), outputs[-1][2:], strict=True):
            parameter.grad = gradient  # a replayed step does not set it
        self._count(len(block))
        self._require_finite(start)

    def _move_to(self, progress: float) -> None:
        """Sets everything scheduled to what it is at a share of the run."""
        move_schedules(self, progress)
        optimizers: list[Optimizer] = self.optimizers(use_pl_optimizer=False)  # type: ignore[assignment]
        for optimizer in optimizers:
            if isinstance(optimizer, Moving):
                optimizer.move_to(progress)

    def _count(self, steps: int) -> None:
        # Lightning would count the steps of both optimizers, and only of those it has wrapped. We count GAN steps
        # in its place: this is what `trainer.global_step` and `max_steps` look at.
        progress = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
        progress.total.ready += steps
        progress.total.completed += steps

    def _require_finite(self, start: int) -> None:
        assert self.losses is not None
        finite = (self.losses.generator + self.losses.discriminator).isfinite()
        if not finite.all():
            steps = finite.reshape(len(finite), -1).all(1)
            raise DivergedError(start + int(steps.long().argmin()) + 1)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds what the run was made from, so that the file alone can be used and resumed."""
        checkpoint[KEY] = self.record
        # Lightning would come back into the middle of the epoch that the evaluation ends. The GAN step is all
        # the progress there is: data and noise are addressed by it.
        del checkpoint["loops"]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Goes on counting where the checkpoint stands."""
        self._count(checkpoint["global_step"])
        move_schedules(self, progress_seen(checkpoint["global_step"], self.steps))

    def validation_step(self, batch: int, index: int) -> None:
        """Measures the generator; `latest` holds the outcome, and callbacks select by `score`."""
        self.latest = self.evaluate()
        require_finite(self.latest, self.parameters(), self.global_step)  # before a checkpoint is written
        self.log("score", evaluation.selection_score(self.latest.metrics), logger=False, batch_size=1)

    def evaluate(self) -> Evaluation:
        """Measures the generator."""
        return self.evaluator(self.result, self.discriminate, self.evaluator.draw(self.device))


def _rows(tensor: Tensor) -> list[Tensor]:
    return [tensor[index] for index in range(len(tensor))]  # `unbind` cannot be replayed as a view


def require_finite(found: Evaluation, weights: Iterable[Tensor], step: int) -> None:
    """Checks an evaluation and the weights that were evaluated.

    Raises:
        DivergedError: if there is a number among them that is not finite.
    """
    weights_finite = all(weight.isfinite().all() for weight in weights)
    if not weights_finite or not math.isfinite(found.metrics["d_real"] + found.metrics["d_fake"]):
        raise DivergedError(step)


def gradient_norm(network: nn.Module) -> float:
    """The Euclidean norm of a network's last gradient."""
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients))
