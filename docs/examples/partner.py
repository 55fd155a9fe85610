"""A client that signs: private_key_jwt (RFC 7523) for its tokens, and DPoP (RFC 9449), which binds them to a key.

    python partner.py keys                                    makes private.json, and keys.json for the operator
    python partner.py query http://127.0.0.1:8000 ID '{ viewer { name scopes } }'

It needs joserfc (`pip install joserfc`) and private.json in the folder where it runs.
"""

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from base64 import urlsafe_b64encode

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def make_keys():
    """Make a key pair; the private half is readable by its owner alone."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    with open(os.open("private.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(key.as_dict(private=True), file)
    with open("keys.json", "w") as file:
        json.dump(KeySet([key]).as_dict(private=False), file)


def assertion(key, client, issuer):
    """Prove who the client is, to the issuer; a new one for each request for a token."""
    now = int(time.time())
    claims = {"iss": client, "sub": client, "aud": issuer, "jti": uuid.uuid4().hex, "iat": now, "exp": now + 60}
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)


def proof(key, method, url, token=None):
    """Prove that the sender has the key; a new one for each request, here for the one to ``url``."""
    claims = {"htm": method, "htu": url, "iat": int(time.time()), "jti": uuid.uuid4().hex}
    if token:
        claims["ath"] = urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    return jwt.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}, claims, key)


def send(url, body=None, headers=None):
    """Return the JSON of the answer; exit with the message of a refusal."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}), timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code} {error.read().decode()}")


def query(url, client, text):
    """Get a token that is bound to a key of this process, and send one query with it."""
    with open("private.json") as file:
        signing = ECKey.import_key(json.load(file))
    binding = ECKey.generate_key("P-256")
    server = send(f"{url}/.well-known/oauth-authorization-server")
    issuer, endpoint = server["issuer"], server["token_endpoint"]
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion(signing, client, issuer),
    }
    headers = {"DPoP": proof(binding, "POST", endpoint)}
    token = send(endpoint, urllib.parse.urlencode(form).encode(), headers)["access_token"]
    headers = {
        "Authorization": f"DPoP {token}",
        "DPoP": proof(binding, "POST", f"{issuer}/graphql", token),
        "Content-Type": "application/json",
    }
    print(json.dumps(send(f"{issuer}/graphql", json.dumps({"query": text}).encode(), headers)))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["keys"]:
            make_keys()
        case ["query", url, client, text]:
            query(url.rstrip("/"), client, text)
        case _:
            sys.exit(__doc__)
