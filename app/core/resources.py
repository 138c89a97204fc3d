"""Resources: where the files that are not Python are found.

In a checkout ``templates/`` and ``migrations/`` stand at the top; in an installed wheel they
travel inside the package. The bundled copy is looked for first, so that a directory which happens
to be called ``templates`` beside an installed package is never taken for ours.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_BUNDLED = _PACKAGE / "_bundled"
_CHECKOUT = _PACKAGE.parent


def directory(name: str) -> Path:
    """Return the absolute path of the resource directory ``name``, such as ``templates``.

    Raises:
        FileNotFoundError: neither the package nor a checkout around it holds the directory; the
            installation is incomplete.
    """
    bundled = _BUNDLED / name
    if bundled.is_dir():
        return bundled
    beside = _CHECKOUT / name
    if (_CHECKOUT / "pyproject.toml").is_file() and beside.is_dir():
        return beside
    raise FileNotFoundError(f"Signet is installed without its {name} directory")
