"""The one thing that setup.cfg cannot say: the README as it can be read away from its repository.

On PyPI a relative link leads nowhere. A picture is left out, and a link says the path of its file,
which stands in the sdist as well.
"""

import re
from pathlib import Path

from setuptools import setup

PICTURE = re.compile(r"^!\[[^]]*\]\((?!https:)[^)]*\)\n\n?", re.MULTILINE)
LINK = re.compile(r"\[([^]]+)\]\((?!https:)([^)#]*)[^)]*\)")


def away_from_home(readme: str) -> str:
    return LINK.sub(r"\1 (`\2`)", PICTURE.sub("", readme))


readme = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
setup(long_description=away_from_home(readme), long_description_content_type="text/markdown")
