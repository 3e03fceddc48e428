"""Login with Amazon: refresh token in, access token out; its errors have a shape of their own.

And Seller Central's page on which a seller authorises an application: its id is the client id's
last part behind ``amzn1.sp.solution.``.
"""

from html import escape
from typing import Any
from urllib.parse import parse_qs, urlencode

from .answers import Json, forbidden
from .server import Incoming, Reply
from .world import AccessToken, AuthorisationCode, Seller, World

CONSENT_PATH = ["apps", "authorize", "consent"]
CODE_LIFETIME = 300.0


class TokenRefused(Exception):
    """An answer of the token endpoint: ``{"error": ..., "error_description": ...}``."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(f"{status} {error}: {description}")
        self.status = status
        self.body = {"error": error, "error_description": description}


def give_token(world: World, raw_body: bytes) -> Json:
    """The token endpoint. Raises TokenRefused."""
    form = _form(raw_body)
    owners = _authenticated(world, form)
    grant = form.get("grant_type", "")
    if grant == "client_credentials":
        raise TokenRefused(400, "invalid_scope", "The requested scope is invalid or not granted.")
    if grant == "authorization_code":
        return _authorised(world, owners, form)
    if grant != "refresh_token":
        raise TokenRefused(400, "unsupported_grant_type", f"The grant type {grant!r} is not known.")
    seller = next(
        (owner for owner in owners if owner.refresh_token == form.get("refresh_token")), None
    )
    if seller is None or seller.revoked:
        text = (
            "The request has an invalid grant parameter : refresh_token. "
            "User may have revoked or didn't grant the permission."
        )
        raise TokenRefused(400, "invalid_grant", text)
    return _new_token(world, seller)


def _authorised(world: World, owners: list[Seller], form: dict[str, str]) -> Json:
    """The tokens for a code, which is good once and belongs to an application and an address."""
    code = world.codes.pop(form.get("code", ""), None)
    seller = next((owner for owner in owners if code and owner.seller_id == code.seller_id), None)
    fresh = code is not None and code.expires > world.now()
    if not code or not seller or not fresh or code.redirect_uri != form.get("redirect_uri"):
        text = "The request has an invalid grant parameter : code"
        raise TokenRefused(400, "invalid_grant", text)
    if seller.revoked:
        seller.revoked = False
        seller.refresh_token = f"Atzr|{world.unique('refresh token')}"
    return _new_token(world, seller)


def application_id(seller: Seller) -> str:
    """The id by which sellers authorise the application of this seller's credentials."""
    return f"amzn1.sp.solution.{seller.client_id.rsplit('.', 1)[-1]}"


def consent(world: World, incoming: Incoming) -> Reply:
    """Seller Central: ask the seller, or send the browser back with a code."""
    asked = {name: values[0] for name, values in incoming.query.items()}
    owners = [
        owner for owner in world.sellers if application_id(owner) == asked.get("application_id")
    ]
    redirect_uri = asked.get("redirect_uri", "")
    if not owners or not redirect_uri:
        return _page(400, "<h1>MD9100</h1><p>The application is not registered.</p>")
    if "#" in redirect_uri:
        return _page(400, "<h1>MD5110</h1><p>The redirect URI has a fragment.</p>")
    if incoming.method != "POST":
        sellers = "".join(
            f"<button name='seller' value='{escape(owner.seller_id)}'>Confirm as "
            f"{escape(owner.store_name)} ({escape(owner.region)})</button>"
            for owner in owners
        )
        return _page(200, f"<h1>Authorize the application</h1><form method='post'>{sellers}</form>")
    seller_id = _form(incoming.raw_body).get("seller", owners[0].seller_id)
    code = world.unique("authorisation code")[:20]
    world.changes += 1
    world.codes[code] = AuthorisationCode(seller_id, redirect_uri, world.now() + CODE_LIFETIME)
    back = {
        "state": asked.get("state", ""),
        "selling_partner_id": seller_id,
        "spapi_oauth_code": code,
    }
    return Reply(302, b"", {"Location": f"{redirect_uri}?{urlencode(back)}"})


def _page(status: int, content: str) -> Reply:
    body = f"<!doctype html><html lang='en'><title>Seller Central</title>{content}</html>".encode()
    return Reply(status, body, {"Content-Type": "text/html"})


def _form(raw_body: bytes) -> dict[str, str]:
    fields = parse_qs(raw_body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items()}


def _authenticated(world: World, form: dict[str, str]) -> list[Seller]:
    """The sellers that authorised this application, if id and secret belong together."""
    given = (form.get("client_id"), form.get("client_secret"))
    owners = [owner for owner in world.sellers if (owner.client_id, owner.client_secret) == given]
    if not owners:
        raise TokenRefused(401, "invalid_client", "Client authentication failed")
    return owners


def _new_token(world: World, seller: Seller) -> Json:
    """A fresh access token; ``expires_in`` is in the caller's seconds, so scaled."""
    lifetime = world.switches.access_token_lifetime
    token = f"Atza|{world.unique('access token')}"
    world.changes += 1
    world.tokens[token] = AccessToken(seller.seller_id, world.now() + lifetime)
    return {
        "access_token": token,
        "refresh_token": seller.refresh_token,
        "token_type": "bearer",
        "expires_in": max(1, int(lifetime / world.clock.time_scale)),
    }


def authorised_seller(world: World, headers: Any) -> Seller:
    """Whose access token it is; 403 whose ``details`` tell what is wrong with it."""
    name = headers.get("x-amz-access-token")
    if not name:
        raise forbidden("The access token is missing in the request header.")
    token = world.tokens.get(name)
    if token is None:
        raise forbidden("The access token you provided is revoked, malformed or invalid.")
    if token.expires <= world.now():
        raise forbidden("The access token you provided has expired.")
    seller = world.seller(token.seller_id)
    if seller.revoked:
        raise forbidden("The access token you provided is revoked, malformed or invalid.")
    return seller


def seller_id_of(world: World, incoming: Incoming) -> str:
    """Whose call this is, by access token or refresh token; "" if that is not clear."""
    if token := world.tokens.get(incoming.headers.get("x-amz-access-token", "")):
        return token.seller_id
    refresh_token = _form(incoming.raw_body).get("refresh_token")
    owners = [owner.seller_id for owner in world.sellers if owner.refresh_token == refresh_token]
    return owners[0] if owners else ""
