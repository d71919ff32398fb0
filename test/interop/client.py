"""Calls a running Signum from Python; prints what it found as JSON.

Usage: client.py STUBS GRPC_ADDRESS PUBLIC_ADDRESS CA_FILE
The API key comes on standard input: an argument would be seen by everyone on the machine.
"""

import json
import sys
import ssl
import urllib.request

import grpc
import jwt

stubs, grpc_address, public_address, ca_file = sys.argv[1:]
sys.path.insert(0, stubs)

from google.protobuf.json_format import MessageToDict  # noqa: E402
from google.rpc.error_details_pb2 import ErrorInfo  # noqa: E402
from google.rpc.status_pb2 import Status  # noqa: E402
from signum.v1 import key_service_pb2, token_pb2, token_service_pb2  # noqa: E402
from signum.v1.key_service_pb2_grpc import KeyServiceStub  # noqa: E402
from signum.v1.token_service_pb2_grpc import TokenServiceStub  # noqa: E402

api_key = sys.stdin.read().strip()
found = {}

with open(ca_file, "rb") as file:
    credentials = grpc.ssl_channel_credentials(file.read())


def reason_of(call):
    """The ErrorInfo of a call that fails."""
    try:
        call()
    except grpc.RpcError as error:
        for key, value in error.trailing_metadata():
            if key == "grpc-status-details-bin":
                info = ErrorInfo()
                Status.FromString(value).details[0].Unpack(info)
                return {
                    "code": error.code().name,
                    "reason": info.reason,
                    "domain": info.domain,
                    "metadata": dict(info.metadata),
                }
        return {"code": error.code().name}
    return {"code": "OK"}


with grpc.secure_channel(grpc_address, credentials) as channel:
    tokens = TokenServiceStub(channel)
    admin = {"metadata": [("authorization", "Bearer " + api_key)], "timeout": 15}
    device = token_pb2.DeviceRef(tenant_id="acme", user_id="ädä", device_id="python{}:*")
    request = token_service_pb2.IssueRequest(device=device, scopes=["read"])
    request.claims.update({"plan": "gold", "roles": ["a", "b"]})
    pair = tokens.Issue(request, **admin).tokens

    def validate():
        presented = token_service_pb2.ValidateRequest(token=pair.access_token)
        return MessageToDict(tokens.Validate(presented, **admin))

    found["validated"] = validate()
    found["denied"] = reason_of(
        lambda: tokens.Issue(token_service_pb2.IssueRequest(device=device), timeout=15)
    )
    found["invalid"] = reason_of(
        lambda: tokens.Issue(token_service_pb2.IssueRequest(), **admin)
    )
    key_set = KeyServiceStub(channel).GetJwks(key_service_pb2.GetJwksRequest(), timeout=15)

    # As any resource server would: by the published keys alone.
    context = ssl.create_default_context(cafile=ca_file)
    url = public_address + "/.well-known/jwks.json"
    with urllib.request.urlopen(url, context=context, timeout=15) as answer:
        published = json.load(answer)
    found["same_keys"] = published == json.loads(key_set.jwks_json)
    header = jwt.get_unverified_header(pair.access_token)
    [key] = [key for key in jwt.PyJWKSet.from_dict(published).keys if key.key_id == header["kid"]]
    found["header"] = header
    found["claims"] = jwt.decode(
        pair.access_token,
        key.key,
        algorithms=[header["alg"]],
        audience="test-api",
        issuer="https://signum.test",
        options={"require": ["exp", "iat", "iss", "aud", "sub"]},
    )
    try:
        # A token for somebody else must not pass.
        jwt.decode(pair.access_token, key.key, algorithms=[header["alg"]], audience="other")
        found["wrong_audience"] = "accepted"
    except jwt.InvalidAudienceError:
        found["wrong_audience"] = "refused"

    revoke = token_service_pb2.RevokeRequest(token=pair.refresh_token)
    found["revoked"] = tokens.Revoke(revoke, timeout=15).revoked_count
    found["validated_after"] = validate()

json.dump(found, sys.stdout)
