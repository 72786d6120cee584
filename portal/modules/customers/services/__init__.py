"""The verbs of customers: what others ask, how employees keep accounts, and what customers do with their own."""

from __future__ import annotations

from portal.modules.customers.services.accounts import (
    CustomerData,
    archive,
    change_customer,
    create_customer,
    find_customer,
    find_number,
    stored_values,
    unarchive,
)
from portal.modules.customers.services.addresses import (
    AddressData,
    add_address,
    change_address,
    find_address,
    remove_address,
    stored_address,
)
from portal.modules.customers.services.answers import Customers, OwnAccount, read_account
from portal.modules.customers.services.checks import check_customers
from portal.modules.customers.services.contacts import (
    ContactData,
    add_contact,
    change_contact,
    find_contact,
    remove_contact,
    stored_contact,
)
from portal.modules.customers.services.duplicates import (
    Likeness,
    PossibleDuplicates,
    possible_duplicates,
)
from portal.modules.customers.services.history import (
    Entry,
    add_note,
    notes,
    record,
    remove_note,
    timeline,
)
from portal.modules.customers.services.members import end_membership, invite, members
from portal.modules.customers.services.own import (
    add_my_address,
    change_my_address,
    change_my_company,
    my_account,
    my_address,
    remove_my_address,
)
from portal.modules.customers.services.tags import all_tags, tags_of

__all__ = [
    "AddressData",
    "ContactData",
    "CustomerData",
    "Customers",
    "Entry",
    "Likeness",
    "OwnAccount",
    "PossibleDuplicates",
    "add_address",
    "add_contact",
    "add_my_address",
    "add_note",
    "all_tags",
    "archive",
    "change_address",
    "change_contact",
    "change_customer",
    "change_my_address",
    "change_my_company",
    "check_customers",
    "create_customer",
    "end_membership",
    "find_address",
    "find_contact",
    "find_customer",
    "find_number",
    "invite",
    "members",
    "my_account",
    "my_address",
    "notes",
    "possible_duplicates",
    "read_account",
    "record",
    "remove_address",
    "remove_contact",
    "remove_my_address",
    "remove_note",
    "stored_address",
    "stored_contact",
    "stored_values",
    "tags_of",
    "timeline",
    "unarchive",
]
