"""Login with Amazon: refresh token in, access token out; its errors have a shape of their own."""

from typing import Any
from urllib.parse import parse_qs

from .answers import Json, forbidden
from .server import Incoming
from .world import AccessToken, Seller, World


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
    if grant != "refresh_token":
        raise TokenRefused(400, "unsupported_grant_type", f"The grant type {grant!r} is not known.")
    seller = next((one for one in owners if one.refresh_token == form.get("refresh_token")), None)
    if seller is None or seller.revoked:
        text = (
            "The request has an invalid grant parameter : refresh_token. "
            "User may have revoked or didn't grant the permission."
        )
        raise TokenRefused(400, "invalid_grant", text)
    return _new_token(world, seller)


def _form(raw_body: bytes) -> dict[str, str]:
    fields = parse_qs(raw_body.decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items()}


def _authenticated(world: World, form: dict[str, str]) -> list[Seller]:
    """The sellers that authorised this application, if id and secret belong together."""
    given = (form.get("client_id"), form.get("client_secret"))
    owners = [one for one in world.sellers if (one.client_id, one.client_secret) == given]
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
    owners = [one.seller_id for one in world.sellers if one.refresh_token == refresh_token]
    return owners[0] if owners else ""
