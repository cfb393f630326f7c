import patterngan
from patterngan.cli import COMMANDS
from patterngan.paths import CONF, IS_WHEEL, PROJECT, program


def test_every_command_has_a_file_in_the_checkout():
    assert not IS_WHEEL
    assert CONF.parent == PROJECT
    assert (PROJECT / "src" / "patterngan" / "__init__.py").samefile(patterngan.__file__)
    assert all(program(name).is_file() for name in ("train", *COMMANDS))
