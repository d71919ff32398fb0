"""Runs stock clients against a Signum; prints what they found as JSON, by library.

Usage: main.py PACKAGES. What they are given comes as JSON on standard input, secrets included: an
argument would be seen by everyone on the machine.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import authlib_client  # noqa: E402
import pyjwt_client  # noqa: E402
import requests_oauth2client_client  # noqa: E402

given = json.load(sys.stdin)
server = [given[name] for name in ("issuer", "audience", "client_id", "client_secret")]
found = {
    "Authlib": authlib_client.run(*server, given["Authlib"]),
    "PyJWT": pyjwt_client.run(*server, given["PyJWT"]),
    "requests-oauth2client": requests_oauth2client_client.run(
        *server, given["requests-oauth2client"]
    ),
}
json.dump(found, sys.stdout, default=str)
