"""Product Type Definitions API 2020-09-01, with schemas that the simulator serves itself."""

import base64
import hashlib
import json

from .answers import Json, Request, Success, invalid, not_found
from .attribute_values import CONDITIONS, LONGEST_NOTE, LONGEST_TITLE
from .marketplaces import MARKETPLACES, SELLING_IN
from .patches import AVAILABILITY, OFFER
from .validation import REQUIRED
from .world import World

VERSION = "UHqSqmb4FNUk="
SCHEMA_PATH = "/schemas/"
#: Product types whose products are never used.
NEW_ONLY = ("GROCERY",)
META_SCHEMA = {"$id": "https://schemas.example.com/meta", "type": "object"}


def search_definitions_product_types(world: World, request: Request) -> Success:
    """searchDefinitionsProductTypes: all types, or those that contain a word."""
    marketplaces = request.marketplaces()
    words = [word.upper() for word in request.words("keywords")]
    title = request.text("itemName").lower()
    if words and title:
        raise invalid("'keywords' cannot be used with 'itemName'.")
    names = {product.product_type for product in world.products.values()} | {"PRODUCT"}
    if title:
        names = {
            product.product_type
            for product in world.products.values()
            if set(title.split()) & set(product.title.lower().split())
        }
    rows = [
        {"name": name, "displayName": _display(name), "marketplaceIds": marketplaces}
        for name in sorted(names)
        if not words or any(word in name for word in words)
    ]
    return Success({"productTypes": rows, "productTypeVersion": VERSION})


def _display(name: str) -> str:
    return name.replace("_", " ").title()


def get_definitions_product_type(world: World, request: Request) -> Success:
    """getDefinitionsProductType: the definition, and a link to the schema of the attributes."""
    (name,) = request.path
    (marketplace,) = request.marketplaces(most=1)
    requirements = request.text("requirements", "LISTING")
    if requirements not in REQUIRED:
        raise invalid(f"Invalid 'requirements' provided: {requirements}.")
    if name != "PRODUCT" and name not in {
        product.product_type for product in world.products.values()
    }:
        raise not_found(f"The product type '{name}' is not available in {marketplace}.")
    locale = request.text("locale", "DEFAULT")
    link = f"{request.base_url}{SCHEMA_PATH}{marketplace}/{name}/{requirements}.json"
    return Success(
        {
            "metaSchema": _link(f"{request.base_url}{SCHEMA_PATH}meta.json", META_SCHEMA),
            "schema": _link(link, schema(marketplace, name, requirements)),
            "requirements": requirements,
            "requirementsEnforced": request.text("requirementsEnforced", "ENFORCED"),
            "propertyGroups": {
                "offer": {
                    "title": "Offer",
                    "propertyNames": [OFFER, AVAILABILITY, "condition_type"],
                }
            },
            "locale": MARKETPLACES[marketplace].language if locale == "DEFAULT" else locale,
            "marketplaceIds": [marketplace],
            "productType": name,
            "displayName": _display(name),
            "productTypeVersion": {"version": VERSION, "latest": True},
        }
    )


def _link(url: str, document: Json) -> Json:
    """A link with the base64 MD5 of the very bytes that it leads to."""
    checksum = base64.b64encode(
        hashlib.md5(schema_bytes(document), usedforsecurity=False).digest()
    ).decode()
    return {"link": {"resource": url, "verb": "GET"}, "checksum": checksum}


def schema_bytes(document: Json) -> bytes:
    """A schema as it is served."""
    return json.dumps(document, sort_keys=True).encode()


def served_schema(path: str) -> Json | None:
    """The schema at a path below SCHEMA_PATH, None if there is none."""
    if path == "meta.json":
        return META_SCHEMA
    marketplace, _, rest = path.partition("/")
    product_type, _, name = rest.partition("/")
    requirements = name.removesuffix(".json")
    sold = {id_ for ids in SELLING_IN.values() for id_ in ids}
    return (
        schema(marketplace, product_type, requirements)
        if marketplace in sold and requirements in REQUIRED
        else None
    )


def conditions_of(product_type: str) -> list[str]:
    """The conditions that products of a type may be sold in."""
    return ["new_new"] if product_type in NEW_ONLY else sorted(CONDITIONS)


def schema(marketplace: str, product_type: str, requirements: str) -> Json:
    """The JSON Schema of the attributes that the simulator looks at.

    Who lists a whole product says where it belongs: by keyword in the US, by browse node elsewhere.
    """
    home = MARKETPLACES[marketplace]
    amount = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["schedule"],
            "properties": {
                "schedule": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"value_with_tax": {"type": "number", "exclusiveMinimum": 0}},
                    },
                }
            },
        },
    }
    properties: dict[str, Json] = {
        "item_name": {"value": {"type": "string", "maxLength": LONGEST_TITLE}},
        "brand": {"value": {"type": "string"}},
        "condition_type": {"value": {"type": "string", "enum": conditions_of(product_type)}},
        "merchant_suggested_asin": {"value": {"type": "string", "maxLength": 10}},
        OFFER: {
            "currency": {"type": "string", "enum": [home.currency]},
            "audience": {"type": "string", "enum": ["ALL", "B2B"]},
            "our_price": amount,
            "discounted_price": amount,
            "minimum_seller_allowed_price": amount,
            "maximum_seller_allowed_price": amount,
            "quantity_discount_plan": {"type": "array", "items": {"type": "object"}},
        },
        AVAILABILITY: {
            "fulfillment_channel_code": {"type": "string"},
            "quantity": {"type": "integer", "minimum": 0},
            "lead_time_to_ship_max_days": {"type": "integer", "minimum": 0},
            "restock_date": {"type": "string", "format": "date"},
        },
        "list_price": {
            "currency": {"type": "string", "enum": [home.currency]},
            ("value_with_tax" if home.country not in ("US", "CA") else "value"): {
                "type": "number",
                "exclusiveMinimum": 0,
            },
        },
        "max_order_quantity": {"value": {"type": "integer", "minimum": 1}},
        "condition_note": {"value": {"type": "string", "maxLength": LONGEST_NOTE}},
        "item_type_keyword": {"value": {"type": "string"}},
        "recommended_browse_nodes": {"value": {"type": "string"}},
    }
    common: Json = {
        "marketplace_id": {"type": "string", "enum": [marketplace]},
        "language_tag": {"type": "string", "enum": [home.language]},
    }
    by = "item_type_keyword" if home.country == "US" else "recommended_browse_nodes"
    classing = [by] if requirements == "LISTING" else []
    return {
        "$schema": META_SCHEMA["$id"],
        "type": "object",
        "required": [*REQUIRED[requirements], *classing],
        "properties": {
            name: {"type": "array", "items": {"type": "object", "properties": {**common, **parts}}}
            for name, parts in properties.items()
        },
    }
