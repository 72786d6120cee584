"""What can be allowed in orders, and the roles that bundle it."""

from __future__ import annotations

from portal.kernel.card import GuardedAct, Permission, Role
from portal.kernel.i18n import _

VIEW = "orders.view"
EDIT = "orders.edit"
CONFIRM = "orders.confirm"
RELEASE = "orders.release"
DELIVER = "orders.deliver"
CANCEL = "orders.cancel"
COMMENT = "orders.comment"

MY_VIEW = "orders.my.view"
MY_ASK = "orders.my.ask"
MY_REQUEST = "orders.my.request"
MY_ACCEPT = "orders.my.accept"
MY_APPROVE = "orders.my.approve"

PERMISSIONS = (
    Permission(VIEW, _("See orders")),
    Permission(EDIT, _("Write quotations and orders, send and withdraw them")),
    Permission(CONFIRM, _("Confirm and close orders")),
    Permission(RELEASE, _("Release orders that are held")),
    Permission(DELIVER, _("Record deliveries and take them back")),
    Permission(CANCEL, _("Cancel orders and open rests, open closed orders again")),
    Permission(COMMENT, _("Comment on orders")),
    Permission(MY_VIEW, _("See the own orders")),
    Permission(MY_ASK, _("Ask questions on the own orders")),
    Permission(MY_REQUEST, _("Request quotations")),
    Permission(MY_ACCEPT, _("Accept and decline quotations")),
    Permission(MY_APPROVE, _("Approve acceptances above a colleague's spending limit")),
)

ROLES = (
    Role("orders.clerk", _("Sales clerk"), (VIEW, EDIT, CONFIRM, COMMENT)),
    Role("orders.manager", _("Sales manager"), (VIEW, EDIT, CONFIRM, RELEASE, DELIVER, CANCEL, COMMENT)),
    Role("orders.shipper", _("Shipping"), (VIEW, DELIVER, COMMENT)),
    Role("orders.reader", _("Reader of orders"), (VIEW,)),
)

#: The act that the ini may put under four eyes.
CONFIRM_ACT = "orders.confirm"
FOUR_EYES = (GuardedAct(CONFIRM_ACT, _("Confirm an order"), CONFIRM),)

SCOPES = {"view": (MY_VIEW, MY_ASK), "order": (MY_REQUEST, MY_ACCEPT), "approve": (MY_APPROVE,)}
