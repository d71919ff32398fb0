"""PyJWT as an API that verifies tokens by the published keys alone."""

import json
import urllib.request

import jwt

from outcome import outcome


def run(issuer, audience, client_id, secret, given):
    with urllib.request.urlopen(issuer + "/.well-known/openid-configuration") as answer:
        server = json.load(answer)
    keys = jwt.PyJWKClient(server["jwks_uri"])

    def verify(token):
        key = keys.get_signing_key_from_jwt(token)
        algorithms = server["id_token_signing_alg_values_supported"]
        claims = jwt.decode(token, key, algorithms=algorithms, issuer=issuer, audience=audience)
        return claims["sub"]

    return {
        "discovered": server,
        "verified": {alg: outcome(lambda t=t: verify(t)) for alg, t in given["good"].items()},
        "unverified": {name: outcome(lambda t=t: verify(t)) for name, t in given["bad"].items()},
    }
