"""The portal as an installable distribution; what it needs stands in requirements.in."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def requirements(name: str) -> list[str]:
    """The requirement specifiers of a requirements input file, without comments and options."""
    lines = (line.strip() for line in (HERE / name).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


setup(
    name="portal-suite",
    version="0.1.0",
    description="An enterprise portal composed of modules: order to cash for employees and customers",
    license="MIT",
    python_requires=">=3.11",
    packages=find_packages(include=["portal", "portal.*"]),
    package_data={
        "": [
            "py.typed",
            "templates/**",
            "static/**",
            "locale/**",
            "migrations/**",
            "alembic_env/**",
            "data/**",
            "fonts/**",
            "**/*.json",
            "**/*.typ",
            "**/*.mako",
            "**/*.jinja2",
        ]
    },
    exclude_package_data={"": ["**/__pycache__/**"]},
    install_requires=requirements("requirements.in"),
    extras_require={
        "dev": requirements("requirements-dev.in"),
        "ldap": requirements("requirements-ldap.in"),
    },
    entry_points={
        "paste.app_factory": ["main = portal:main"],
        "console_scripts": ["portal = portal.cli:main"],
    },
    zip_safe=False,
)
