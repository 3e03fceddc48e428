"""Listings Restrictions API 2021-08-01: may this seller list this ASIN?"""

from .answers import Json, Request, Success, invalid
from .world import World


def get_listings_restrictions(world: World, request: Request) -> Success:
    """getListingsRestrictions: an empty list means that nothing stands in the way."""
    asin = request.text("asin")
    if not asin or request.text("sellerId") != request.seller.seller_id:
        raise invalid("Invalid 'asin' or 'sellerId' provided.")
    marketplaces = request.marketplaces()
    product = world.products.get(asin)
    if product is None:
        reason: Json = {"message": "The ASIN does not exist.", "reasonCode": "ASIN_NOT_FOUND"}
    elif product.restricted:
        reason = {
            "message": "You need approval to list this product.",
            "reasonCode": "APPROVAL_REQUIRED",
            "links": [
                {
                    "resource": f"https://sellercentral.example.com/approve?asin={asin}",
                    "verb": "GET",
                    "title": "Request Approval via Seller Central.",
                    "type": "text/html",
                }
            ],
        }
    else:
        return Success({"restrictions": []})
    condition = request.text("conditionType", "new_new")
    rows = [
        {"marketplaceId": id_, "conditionType": condition, "reasons": [reason]}
        for id_ in marketplaces
    ]
    return Success({"restrictions": rows})
