"""The GAN: two networks, their optimizers and their exact evaluation, as a LightningModule."""

import math
from collections.abc import Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from patterngan import evaluation
from patterngan.capture import Captured
from patterngan.checkpoints import KEY
from patterngan.evaluator import Evaluation, Evaluator
from patterngan.objectives import Objective
from patterngan.optimizers import OptimizerFactory
from patterngan.streams import Stream, Streams
from patterngan.updates import Losses, Players, Update, descent
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
        update: Update,
        optimizers: tuple[OptimizerFactory, OptimizerFactory],
        noise_stream: Stream | Streams,
        evaluator: Evaluator,
        capture: bool = True,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.discriminator = generator, discriminator
        self.objective, self.update = objective, update
        self.optimizer_factories = optimizers
        self.noise_stream, self.evaluator, self.capture = noise_stream, evaluator, capture
        self.latest: Evaluation | None = None
        self.losses: Losses | None = None
        self.record: dict[str, Any] = {"settings": {}, "overrides": []}

    def discriminate(self, codes: Tensor) -> Tensor:
        """Codes [..., batch, width] → logits [..., batch]."""
        logits: Tensor = self.discriminator(codes)
        return logits.squeeze(-1)

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
    def gan_step(self, reals: Tensor, *noise: Tensor) -> tuple[Tensor, ...]:
        """One GAN step. Returns the losses, then the last gradient of every parameter, G's and D's."""
        losses = self.update(self.players, self.objective, reals, noise)
        gradients = [parameter.grad for parameter in self.parameters()]
        return *losses, *(gradient for gradient in gradients if gradient is not None)

    @torch.no_grad()
    def training_step(self, block: Tensor, index: int) -> None:
        """One GAN step for each row of a block `[steps, ..., batch, width]`."""
        start = self.global_step
        noise = self.noise_stream.read(start, start + len(block), self.device)
        outputs = [
            self.step(reals, *draws.unbind()) for reals, draws in zip(block.unbind(), noise.unbind(), strict=True)
        ]
        self.losses = Losses(*(torch.stack(losses) for losses in list(zip(*outputs, strict=True))[:2]))
        for parameter, gradient in zip(self.parameters(), outputs[-1][2:], strict=True):
            parameter.grad = gradient  # a replayed step does not set it
        self._count(len(block))
        self._require_finite(start)

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

    def validation_step(self, batch: int, index: int) -> None:
        """Measures the generator; `latest` holds the outcome, and callbacks select by `score`."""
        self.latest = self.evaluate()
        require_finite(self.latest, self.parameters(), self.global_step)  # before a checkpoint is written
        self.log("score", evaluation.selection_score(self.latest.metrics), logger=False, batch_size=1)

    def evaluate(self) -> Evaluation:
        """Measures the generator."""
        return self.evaluator(self.generator, self.discriminate, self.evaluator.draw(self.device))


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
