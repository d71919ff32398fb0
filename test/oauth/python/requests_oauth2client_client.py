"""requests-oauth2client as an API that is given tokens, and as an app that holds them, bound to its key or not."""

import requests
from requests_oauth2client import (
    BearerToken,
    ClientSecretPost,
    DPoPKey,
    DPoPToken,
    EndpointError,
    OAuth2Client,
    PrivateKeyJwt,
)


def error_of(call):
    """What a call returns, or the error that the server answers."""
    try:
        return call()
    except EndpointError as error:
        return error.error


def run(issuer, audience, client_id, secret, given):
    # It takes no port in an issuer otherwise.
    local = {"testing": True}

    client = OAuth2Client.from_discovery_endpoint(
        issuer=issuer, client_id=client_id, client_secret=secret, **local
    )
    by_post = OAuth2Client.from_discovery_endpoint(
        issuer=issuer, auth=ClientSecretPost(client_id, secret), **local
    )
    private_key = given["client_key"]
    by_key = OAuth2Client.from_discovery_endpoint(
        issuer=issuer, auth=PrivateKeyJwt(client_id, private_key, alg="ES256"), **local
    )
    impostor = OAuth2Client.from_discovery_endpoint(
        issuer=issuer, client_id=client_id, client_secret=secret + "x", **local
    )
    app = OAuth2Client.from_discovery_endpoint(issuer=issuer, client_id="app", **local)

    def introspect(token):
        answer = client.introspect_token(token)
        return answer

    def refresh(refresh_token):
        tokens = app.refresh_token(refresh_token)
        return tokens

    good = given["good"]
    found = {
        "discovered": {
            "issuer": client.issuer,
            "token_endpoint": client.token_endpoint,
            "introspection_endpoint": client.introspection_endpoint,
            "revocation_endpoint": client.revocation_endpoint,
            "jwks_uri": client.jwks_uri,
        },
        "introspected": {
            "client_secret_basic": introspect(good["ES256"]),
            "client_secret_post": by_post.introspect_token(good["ES256"]),
            "private_key_jwt": by_key.introspect_token(good["ES256"]),
        },
        "inactive": {
            name: client.introspect_token(token, token_type_hint="access_token")
            for name, token in given["inactive"].items()
        },
        "refused_client": error_of(lambda: impostor.introspect_token(good["ES256"])),
    }

    first = given["refresh_token"]
    second = refresh(first)
    again = refresh(first)
    third = refresh(second)
    found["refreshed"] = {
        "first": second.as_dict(),
        "answered_again": again.refresh_token != first,
        "rotated": len({first, second.refresh_token, third.refresh_token}) == 3,
    }
    found["reused"] = [error_of(lambda: refresh(first)), error_of(lambda: refresh(third))]
    found["garbage"] = error_of(lambda: refresh("garbage"))

    token = given["revocable"]
    before = introspect(token)["active"]
    revoked = app.revoke_access_token(token)
    after = introspect(token)
    found["revoked"] = {"before": before, "status": 200 if revoked else 0, "after": after}
    found["bound"] = bound(issuer, app, client, given["bound"])
    return found


def bound(issuer, app, client, given):
    """A session whose tokens are bound to a key, at a server that asks for nonces."""
    private_key, access_token = given["key"], given["access_token"]
    refresh_token = given["refresh_token"]
    key = DPoPKey(private_key=private_key, alg="ES256")
    held = DPoPToken(access_token, refresh_token=refresh_token, _dpop_key=key)
    stolen = BearerToken("none", refresh_token=refresh_token)
    found = {"stolen": error_of(lambda: app.refresh_token(stolen))}

    refreshed = app.refresh_token(held)

    found["refreshed"] = refreshed.as_dict()
    found["introspected"] = client.introspect_token(refreshed)
    found["at_api"] = ask_api(issuer, client, refreshed)
    found["thumbprint"] = key.dpop_jkt
    # To revoke, the library shows no proof.
    found["revoked_without_proof"] = error_of(lambda: app.revoke_access_token(refreshed))
    found["revoked_by_client"] = client.revoke_access_token(refreshed)
    found["after"] = client.introspect_token(refreshed)
    return found


def ask_api(issuer, client, token):
    """How a gateway's question is answered about a request with the token, at a server that asks for nonces."""
    url = requests.compat.urljoin(issuer, "/authz")
    headers = {
        "X-Signum-Key": client.client_secret,
        "X-Original-Method": "GET",
        "X-Original-URL": url,
    }
    answer = requests.get(url, headers=headers, auth=token)
    return {"status": answer.status_code, "user": answer.headers.get("x-signum-user")}
