"""Updates."""

import torch
from torch import nn

from patterngan.gan.objectives import Objective
from patterngan.gan.step import Batch, Losses, Players
from patterngan.gan.updates import Update, discriminator_loss


class DiscriminatorFirst(Update):
    """One step of D on reals and fakes, then one step of G on fakes of the same noise."""

    def forward(self, players: Players, objective: Objective, penalties: nn.ModuleList, batch: Batch) -> Losses:
        """Takes one GAN step; returns its losses."""
        (reals,), (draw,), (interpolation,) = batch
        with torch.no_grad():
            fakes = objective.fakes(players, draw)
        d_loss = discriminator_loss(players, objective, penalties, reals, fakes, interpolation)
        players.step_discriminator(d_loss)

        g_loss = objective.generator_step_loss(players, objective.fakes(players, draw), reals)
        players.step_generator(g_loss)
        return Losses(g_loss.detach(), d_loss.detach())
