"""One GAN in Lightning: module, data module, callbacks, loggers."""
