"""Resources are found in a checkout and in a wheel, and nowhere else."""

import pytest

from app.core import resources


@pytest.fixture
def package(tmp_path, monkeypatch):
    package = tmp_path / "app"
    package.mkdir()
    monkeypatch.setattr(resources, "_BUNDLED", package / "_bundled")
    monkeypatch.setattr(resources, "_CHECKOUT", tmp_path)
    return package


def test_a_checkout_is_read_where_it_stands(package):
    (package.parent / "pyproject.toml").touch()
    (package.parent / "templates").mkdir()
    assert resources.directory("templates") == package.parent / "templates"


def test_a_wheel_is_read_from_inside_the_package(package):
    (package / "_bundled" / "templates").mkdir(parents=True)
    assert resources.directory("templates") == package / "_bundled" / "templates"


def test_a_stranger_beside_an_installed_package_is_not_taken_for_ours(package):
    (package.parent / "templates").mkdir()
    with pytest.raises(FileNotFoundError, match="templates"):
        resources.directory("templates")


def test_this_checkout_has_its_templates():
    assert (resources.directory("templates") / "interaction").is_dir()
