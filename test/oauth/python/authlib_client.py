"""Authlib as an API that is given tokens, and as an app that holds them."""

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc8414 import get_well_known_url
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import ECKey

from outcome import outcome


def run(issuer, audience, client_id, secret, given):
    server = requests.get(get_well_known_url(issuer, external=True)).json()
    session = OAuth2Session(client_id, secret)

    def introspect(token, session=session):
        answer = session.introspect_token(server["introspection_endpoint"], token=token)
        return answer.json()

    by_post = OAuth2Session(client_id, secret, token_endpoint_auth_method="client_secret_post")
    private_key = ECKey.import_key(given["client_key"])
    by_key = OAuth2Session(client_id, private_key, token_endpoint_auth_method="private_key_jwt")
    by_key.register_client_auth_method(PrivateKeyJWT(alg="ES256"))
    impostor = OAuth2Session(client_id, secret + "x")
    good, bad = given["good"], given["bad"]
    found = {
        "discovered": server,
        "introspected": {
            "client_secret_basic": introspect(good["ES256"]),
            "client_secret_post": introspect(good["ES256"], by_post),
            "private_key_jwt": introspect(good["ES256"], by_key),
        },
        "inactive": {name: introspect(token) for name, token in given["inactive"].items()},
        "refused_client": introspect(good["ES256"], impostor)["error"],
    }

    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return requests.get(server["jwks_uri"]).json()

    validator = Validator(issuer, audience)

    def verify(token):
        claims = validator.authenticate_token(token)
        validator.validate_token(claims, ["read"], request=None)
        return claims["sub"]

    found["verified"] = {alg: outcome(lambda t=t: verify(t)) for alg, t in good.items()}
    found["unverified"] = {name: outcome(lambda t=t: verify(t)) for name, t in bad.items()}

    app = OAuth2Session("app", scope="read write", token_endpoint=server["token_endpoint"])

    def refresh(refresh_token):
        tokens = app.refresh_token(refresh_token=refresh_token)
        return dict(tokens)

    def error_of(refresh_token):
        try:
            return refresh(refresh_token)
        except OAuthError as error:
            return error.error

    first = given["refresh_token"]
    second = refresh(first)
    again = refresh(first)
    third = refresh(second["refresh_token"])
    found["refreshed"] = {
        "first": second,
        "answered_again": again["refresh_token"] != first,
        "rotated": len({first, second["refresh_token"], third["refresh_token"]}) == 3,
    }
    found["reused"] = [error_of(first), error_of(third["refresh_token"])]
    found["garbage"] = error_of("garbage")

    token = given["revocable"]
    before = introspect(token)["active"]
    answer = app.revoke_token(server["revocation_endpoint"], token=token)
    after = introspect(token)
    found["revoked"] = {"before": before, "status": answer.status_code, "after": after}
    return found
