"""Ask whether what the package needs, as it is installed here, has known vulnerabilities.

pip-audit asks PyPI, or the service that its own variables name. The exit code is 1 where there are
vulnerabilities. Where the service cannot be reached nothing is known: stderr says so, and the exit
code is 0, as that is nobody's fault here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import TypedDict

from packaging.requirements import Requirement

PACKAGE = Requirement("django-amazon-sync[all]")

#: What pip-audit says on stderr where the service gave no answer.
NO_ANSWER = re.compile(r"ConnectionError|Timeout|ServiceError|Could not connect|not redirecting")


class Audited(TypedDict, total=False):
    """One package as pip-audit's JSON has it; of one that the service does not know, the reason."""

    name: str
    version: str
    vulns: list[dict[str, str]]
    skip_reason: str


def installed(requirement: Requirement, seen: set[str]) -> Iterator[Distribution]:
    """What is installed for a requirement, and for what that requires in turn."""
    if str(requirement) in seen:
        return
    seen.add(str(requirement))
    there = distribution(requirement.name)
    yield there
    for line in there.requires or ():
        needed = Requirement(line)
        extras = requirement.extras or {""}
        if needed.marker is None or any(needed.marker.evaluate({"extra": one}) for one in extras):
            yield from installed(needed, seen)


def audit(pinned: list[str]) -> list[Audited] | None:
    """pip-audit's verdict on each package, or None if the service gave none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("\n".join(pinned), encoding="utf-8")
        answer = subprocess.run(
            [
                sys.executable, "-m", "pip_audit", "--requirement", str(file), "--no-deps",
                "--disable-pip", "--format", "json", "--progress-spinner", "off",
            ],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
    if answer.stdout:
        verdict: list[Audited] = json.loads(answer.stdout)["dependencies"]
        return None if all("skip_reason" in package for package in verdict) else verdict
    if NO_ANSWER.search(answer.stderr):
        return None
    sys.exit(answer.stderr)


def main() -> int:
    needed = {(there.name, there.version) for there in installed(PACKAGE, set())}
    pinned = sorted(f"{name}=={version}" for name, version in needed if name != PACKAGE.name)
    verdict = audit(pinned)
    if verdict is None:
        sys.stderr.write(
            "NOT AUDITED: the service of known vulnerabilities cannot be reached from here, so "
            f"nothing is known of {len(pinned)} packages.\n"
        )
        return 0
    unknown = [package["name"] for package in verdict if "skip_reason" in package]
    if unknown:
        sys.stderr.write(f"Not audited, as the service does not know them: {', '.join(unknown)}.\n")
    bad = [package for package in verdict if package.get("vulns")]
    for package in bad:
        ids = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
        sys.stderr.write(f"{package['name']} {package['version']}: {ids}\n")
    sys.stdout.write(f"{len(verdict) - len(unknown)} packages audited, {len(bad)} vulnerable.\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
