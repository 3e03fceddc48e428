from collections.abc import Callable
from typing import Literal, overload

from oscar.apps.address.models import Country, UserAddress
from oscar.apps.basket.models import Basket
from oscar.apps.catalogue.models import Category, Product, ProductClass, ProductImage
from oscar.apps.checkout.calculators import OrderTotalCalculator
from oscar.apps.communication.models import Email, Notification
from oscar.apps.order.models import (
    BillingAddress,
    Line,
    LinePrice,
    Order,
    OrderDiscount,
    OrderLineDiscount,
    ShippingAddress,
    ShippingEvent,
    ShippingEventQuantity,
    ShippingEventType,
)
from oscar.apps.order.processing import EventHandler
from oscar.apps.order.utils import OrderCreator
from oscar.apps.partner.models import Partner, StockRecord
from oscar.apps.partner.strategy import Selector
from oscar.apps.payment.models import Source, SourceType
from oscar.apps.shipping.models import OrderAndItemCharges, WeightBased
from oscar.apps.shipping.repository import Repository

@overload
def get_model(app_label: Literal["address"], model_name: Literal["Country"]) -> type[Country]: ...
@overload
def get_model(
    app_label: Literal["address"], model_name: Literal["UserAddress"]
) -> type[UserAddress]: ...
@overload
def get_model(app_label: Literal["basket"], model_name: Literal["Basket"]) -> type[Basket]: ...
@overload
def get_model(
    app_label: Literal["catalogue"], model_name: Literal["Category"]
) -> type[Category]: ...
@overload
def get_model(app_label: Literal["catalogue"], model_name: Literal["Product"]) -> type[Product]: ...
@overload
def get_model(
    app_label: Literal["catalogue"], model_name: Literal["ProductClass"]
) -> type[ProductClass]: ...
@overload
def get_model(
    app_label: Literal["catalogue"], model_name: Literal["ProductImage"]
) -> type[ProductImage]: ...
@overload
def get_model(app_label: Literal["communication"], model_name: Literal["Email"]) -> type[Email]: ...
@overload
def get_model(
    app_label: Literal["communication"], model_name: Literal["Notification"]
) -> type[Notification]: ...
@overload
def get_model(
    app_label: Literal["order"], model_name: Literal["BillingAddress"]
) -> type[BillingAddress]: ...
@overload
def get_model(app_label: Literal["order"], model_name: Literal["Line"]) -> type[Line]: ...
@overload
def get_model(app_label: Literal["order"], model_name: Literal["LinePrice"]) -> type[LinePrice]: ...
@overload
def get_model(app_label: Literal["order"], model_name: Literal["Order"]) -> type[Order]: ...
@overload
def get_model(
    app_label: Literal["order"], model_name: Literal["OrderDiscount"]
) -> type[OrderDiscount]: ...
@overload
def get_model(
    app_label: Literal["order"], model_name: Literal["OrderLineDiscount"]
) -> type[OrderLineDiscount]: ...
@overload
def get_model(
    app_label: Literal["order"], model_name: Literal["ShippingAddress"]
) -> type[ShippingAddress]: ...
@overload
def get_model(
    app_label: Literal["order"], model_name: Literal["ShippingEvent"]
) -> type[ShippingEvent]: ...
@overload
def get_model(
    app_label: Literal["order"], model_name: Literal["ShippingEventQuantity"]
) -> type[ShippingEventQuantity]: ...
@overload
def get_model(
    app_label: Literal["order"], model_name: Literal["ShippingEventType"]
) -> type[ShippingEventType]: ...
@overload
def get_model(app_label: Literal["partner"], model_name: Literal["Partner"]) -> type[Partner]: ...
@overload
def get_model(
    app_label: Literal["partner"], model_name: Literal["StockRecord"]
) -> type[StockRecord]: ...
@overload
def get_model(app_label: Literal["payment"], model_name: Literal["Source"]) -> type[Source]: ...
@overload
def get_model(
    app_label: Literal["payment"], model_name: Literal["SourceType"]
) -> type[SourceType]: ...
@overload
def get_model(
    app_label: Literal["shipping"], model_name: Literal["OrderAndItemCharges"]
) -> type[OrderAndItemCharges]: ...
@overload
def get_model(
    app_label: Literal["shipping"], model_name: Literal["WeightBased"]
) -> type[WeightBased]: ...
@overload
def get_class(
    module_label: Literal["checkout.calculators"], classname: Literal["OrderTotalCalculator"]
) -> type[OrderTotalCalculator]: ...
@overload
def get_class(
    module_label: Literal["order.processing"], classname: Literal["EventHandler"]
) -> type[EventHandler]: ...
@overload
def get_class(
    module_label: Literal["order.utils"], classname: Literal["OrderCreator"]
) -> type[OrderCreator]: ...
@overload
def get_class(
    module_label: Literal["partner.strategy"], classname: Literal["Selector"]
) -> type[Selector]: ...
@overload
def get_class(
    module_label: Literal["shipping.repository"], classname: Literal["Repository"]
) -> type[Repository]: ...
@overload
def get_class(
    module_label: Literal["catalogue.categories"], classname: Literal["create_from_breadcrumbs"]
) -> Callable[[str], Category]: ...
