#!/usr/bin/env python
"""The example shop's commands; works from any directory."""

import os
import sys
from pathlib import Path

# Run as a script, this folder leads the import path; the package beside it has to be found too
# where it is not installed.
sys.path.insert(1, str(Path(__file__).resolve().parent.parent))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
