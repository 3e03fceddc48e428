"""A bare caller of the API, so that the simulator is judged by what goes over the wire."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from django_amazon_sync.testing.simulator import Seller, Simulator
from tests.node import Node

US = "ATVPDKIKX0DER"
CA = "A2EUQ1WTGCTBG2"
DE = "A1PA6795UKMFR9"
FR = "A13V1IB3VIYZZH"
JP = "A1VC38T7YXB528"
FEEDS = "/feeds/2021-06-30"
REPORTS = "/reports/2021-06-30"
FEED_CONTENT_TYPE = "application/json; charset=UTF-8"
LISTINGS_REPORT = "GET_MERCHANT_LISTINGS_ALL_DATA"
SHOWING_ITEMS = {
    "includedData": ["issues", "offers", "fulfillmentAvailability"],
    "apiVersion": "2021-08-01",
}
"""The header ``report`` of a feed whose processing report shall show items."""


#: One patch operation, right or wrong.
Patch: TypeAlias = Mapping[str, object]


@dataclass(frozen=True)
class Got:
    """One answer."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Node:
        return Node.read(self.raw) if self.raw else Node(None)

    @property
    def error(self) -> dict[str, str]:
        """The first error of an error body."""
        errors = self.body if isinstance(self.body.value, list) else self.body["errors"]
        return {name: Node(value).text for name, value in errors[0].fields.items()}

    @property
    def rate(self) -> str | None:
        return self.headers.get("x-amzn-RateLimit-Limit")


class Caller:
    """One seller's program, with one connection and one access token."""

    def __init__(self, amazon: Simulator, region: str = "na", prefix: str = "") -> None:
        self.amazon = amazon
        self.seller: Seller = amazon.seller(region)
        self._prefix = prefix
        self._connection = HTTPConnection(urlsplit(amazon.endpoint).netloc, timeout=10)
        self.token = self.fetch_token().body["access_token"].text

    def close(self) -> None:
        self._connection.close()

    def raw(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Got:
        """One request as it is."""
        try:
            self._connection.request(method, url, body, headers)
            answer = self._connection.getresponse()
            return Got(answer.status, dict(answer.headers), answer.read())
        except Exception:
            self._connection.close()
            raise

    def fetch_token(self, **changes: str) -> Got:
        """Ask Login with Amazon, with the seller's credentials but for the changes."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self.seller.client_id,
            "client_secret": self.seller.client_secret,
            "refresh_token": self.seller.refresh_token,
            **changes,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.raw("POST", "/auth/o2/token", urlencode(form).encode(), headers)

    def call(self, method: str, path: str, body: object = None, **query: object) -> Got:
        """One API call; None among the query values means that the parameter is left out."""
        given = {name: value for name, value in query.items() if value is not None}
        url = self._prefix + path + (f"?{urlencode(given)}" if given else "")
        content = None if body is None else json.dumps(body).encode()
        headers = {"x-amz-access-token": self.token, "Content-Type": "application/json"}
        return self.raw(method, url, content, headers)

    # -- the operations that tests use often

    def get_listing(self, sku: str, marketplaces: str = US, data: str = "summaries") -> Got:
        path = f"/listings/2021-08-01/items/{self.seller.seller_id}/{quote(sku, safe='')}"
        return self.call("GET", path, marketplaceIds=marketplaces, includedData=data)

    def search_listings(self, **query: object) -> Got:
        path = f"/listings/2021-08-01/items/{self.seller.seller_id}"
        return self.call("GET", path, **{"marketplaceIds": US, **query})

    def patch(
        self, sku: str, *patches: Patch, product_type: str = "PRODUCT", **query: object
    ) -> Got:
        path = f"/listings/2021-08-01/items/{self.seller.seller_id}/{quote(sku, safe='')}"
        body = {"productType": product_type, "patches": list(patches)}
        return self.call("PATCH", path, body, **{"marketplaceIds": US, **query})

    def put(
        self,
        sku: str,
        attributes: Mapping[str, object],
        *,
        requirements: str = "LISTING_OFFER_ONLY",
        product_type: str = "PRODUCT",
        **query: object,
    ) -> Got:
        path = f"/listings/2021-08-01/items/{self.seller.seller_id}/{quote(sku, safe='')}"
        body = {
            "productType": product_type,
            "requirements": requirements,
            "attributes": attributes,
        }
        return self.call("PUT", path, body, **{"marketplaceIds": US, **query})

    def search_orders(self, **query: object) -> Got:
        if "createdAfter" not in query:
            query = {"lastUpdatedAfter": "2020-01-01T00:00:00Z", **query}
        return self.call("GET", "/orders/2026-01-01/orders", **query)

    def get_order(self, order_id: str, data: str | None = None) -> Got:
        return self.call("GET", f"/orders/2026-01-01/orders/{order_id}", includedData=data)

    def confirm(self, order_id: str, reference: object = "1", **changes: object) -> Got:
        """confirmShipment of all that is open, but for the changes of the package detail."""
        order = self.amazon.order(order_id)
        detail = {
            "packageReferenceId": reference,
            "carrierCode": "UPS",
            "trackingNumber": "1Z999",
            "shipDate": self.amazon.now().isoformat(),
            "orderItems": [
                {"orderItemId": item["orderItemId"], "quantity": item["quantityOrdered"]}
                for item in order["orderItems"]
            ],
            **changes,
        }
        body = {"marketplaceId": order["salesChannel"]["marketplaceId"], "packageDetail": detail}
        return self.call("POST", f"/orders/v0/orders/{order_id}/shipmentConfirmation", body)

    # -- feeds and reports

    def slot(self, content_type: str = FEED_CONTENT_TYPE) -> tuple[str, str]:
        """A feed document to upload: its id, and its address without the host."""
        body = self.call("POST", f"{FEEDS}/documents", {"contentType": content_type}).body
        return body["feedDocumentId"].text, body["url"].text.removeprefix(self.amazon.endpoint)

    def upload(self, content: bytes) -> str:
        """Upload a feed; returns the id of its document."""
        document_id, url = self.slot()
        assert self.raw("PUT", url, content, {"Content-Type": FEED_CONTENT_TYPE}).status == 200
        return document_id

    def create_feed(self, document_id: str, *marketplaces: str) -> Got:
        """createFeed, for America by default."""
        body = {
            "feedType": "JSON_LISTINGS_FEED",
            "marketplaceIds": marketplaces or [US],
            "inputFeedDocumentId": document_id,
        }
        return self.call("POST", f"{FEEDS}/feeds", body)

    def send_feed(self, *messages: object, marketplace: str = US, **header: object) -> str:
        """Upload messages and make a feed of them; returns its id."""
        named = {"sellerId": self.seller.seller_id, "version": "2.0", **header}
        content = json.dumps({"header": named, "messages": messages}).encode()
        return self.create_feed(self.upload(content), marketplace).body["feedId"].text

    def get_feed(self, feed_id: str) -> Node:
        return self.call("GET", f"{FEEDS}/feeds/{feed_id}").body

    def processing_report(self, feed_id: str) -> Node:
        """The processing report of a feed that has ended."""
        document_id = self.get_feed(feed_id)["resultFeedDocumentId"]
        return Node.read(self.download(f"{FEEDS}/documents/{document_id}")[1])

    def create_report(
        self, *marketplaces: str, type_: str = LISTINGS_REPORT, **more: object
    ) -> Got:
        """createReport, for America by default."""
        body = {"reportType": type_, "marketplaceIds": marketplaces or [US], **more}
        return self.call("POST", f"{REPORTS}/reports", body)

    def get_report(self, report_id: str) -> Node:
        return self.call("GET", f"{REPORTS}/reports/{report_id}").body

    def report_file(self, report_id: str) -> tuple[str, bytes]:
        """The Content-Type and the content of a report that is done."""
        document_id = self.get_report(report_id)["reportDocumentId"]
        return self.download(f"{REPORTS}/documents/{document_id}")

    def download(self, path: str) -> tuple[str, bytes]:
        """The Content-Type and the unpacked content of a document."""
        found = self.call("GET", path).body
        got = self.raw("GET", found["url"].text.removeprefix(self.amazon.endpoint), None, {})
        assert got.status == 200
        packed = found.get("compressionAlgorithm") == "GZIP"
        return got.headers["Content-Type"], gzip.decompress(got.raw) if packed else got.raw


def replace(name: str, *instances: Mapping[str, object], op: str = "replace") -> Patch:
    """One patch operation."""
    return {"op": op, "path": f"/attributes/{name}", "value": list(instances)}


def message(number: int, sku: str, *patches: Patch, **more: object) -> dict[str, object]:
    """One message of a feed: a PATCH, or what ``more`` makes of it."""
    patch = {"operationType": "PATCH", "productType": "PRODUCT", "patches": list(patches)}
    return {"messageId": number, "sku": sku, **({**patch, **more} if patches else more)}


def offer(
    price: float | str, marketplace: str = US, currency: str = "USD", **parts: object
) -> dict[str, object]:
    """A purchasable offer with all selectors."""
    return {
        "marketplace_id": marketplace,
        "currency": currency,
        "audience": "ALL",
        "our_price": [{"schedule": [{"value_with_tax": price}]}],
        **parts,
    }


def merchant(quantity: int, **parts: object) -> dict[str, object]:
    """A merchant quantity."""
    return {"fulfillment_channel_code": "DEFAULT", "quantity": quantity, **parts}
