"""The XML report of orders, read, against a bare ``iterparse`` that lets each order go."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from lxml import etree

from benchmarks.ground import QUICK, SIZES, Ratio, alternately, in_child
from django_amazon_sync.amazon.order_reports import read_xml

AIM = 3.0

ORDER = """<Message><Order><AmazonOrderID>302-{number:07}-{number:07}</AmazonOrderID>
<MerchantOrderID>{number}</MerchantOrderID><PurchaseDate>2026-11-01T10:00:00+00:00</PurchaseDate>
<LastUpdatedDate>2026-11-02T10:00:00+00:00</LastUpdatedDate><OrderStatus>Shipped</OrderStatus>
<SalesChannel>Amazon.de</SalesChannel><FulfillmentData>
<FulfillmentChannel>Merchant</FulfillmentChannel><ShipServiceLevel>Standard</ShipServiceLevel>
<Address><City>Lindau</City><State></State><PostalCode>88131</PostalCode><Country>DE</Country>
</Address></FulfillmentData><IsBusinessOrder>false</IsBusinessOrder><IsIba>false</IsIba>
<OrderItem><AmazonOrderItemCode>{number:014}</AmazonOrderItemCode><ASIN>B000000001</ASIN>
<SKU>SKU-{number}</SKU><ItemStatus>Shipped</ItemStatus>
<ProductName>Mug number {number} of a long series, glazed by hand</ProductName>
<Quantity>1</Quantity><NumberOfItems>1</NumberOfItems><ItemPrice>
<Component><Type>Principal</Type><Amount currency="EUR">20.00</Amount></Component>
<Component><Type>Tax</Type><Amount currency="EUR">3.19</Amount></Component>
<Component><Type>Shipping</Type><Amount currency="EUR">4.90</Amount></Component></ItemPrice>
<IsBuyerRequestedCancellation>false</IsBuyerRequestedCancellation></OrderItem></Order></Message>
"""


def measure(*, quick: bool) -> Iterator[Ratio]:
    for size, rounds in (QUICK if quick else SIZES).items():
        with TemporaryDirectory() as folder:
            yield at_size(size, rounds, Path(folder) / "report")


def at_size(size: int, rounds: int, file: Path) -> Ratio:
    write_report(size, file)
    ours, plain, memory = in_child(
        alternately, partial(read, file, size), partial(bare, file, size), rounds
    )
    what = f"XML report of {size:,} orders / a bare iterparse"
    return Ratio(what, ours, plain, AIM, memory)


def write_report(size: int, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?><AmazonEnvelope>')
        for number in range(1, size + 1):
            file.write(ORDER.format(number=number))
        file.write("</AmazonEnvelope>")


def read(path: Path, size: int) -> None:
    with path.open("rb") as file:
        assert sum(1 for _order in read_xml(file)) == size


def bare(path: Path, size: int) -> None:
    number = 0
    for _event, order in etree.iterparse(str(path), tag="Order"):
        number += 1
        order.clear()
        message = order.getparent()
        envelope = message.getparent() if message is not None else None
        while envelope is not None and message is not None and message.getprevious() is not None:
            del envelope[0]
    assert number == size
