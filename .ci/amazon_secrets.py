"""What the scan for secrets has to know beside the usual: the secrets of an Amazon application."""

import re

from detect_secrets.plugins.base import RegexBasedDetector


class AmazonSecretDetector(RegexBasedDetector):
    """Client secrets, refresh tokens and access tokens of Login with Amazon."""

    secret_type = "Login with Amazon"
    denylist = [
        re.compile(r"amzn1\.oa2-cs\.v1\.[0-9a-f]{64}"),
        re.compile(r"Atz[ar]\|[A-Za-z0-9_-]{40,}"),
    ]
