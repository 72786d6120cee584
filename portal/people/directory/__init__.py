"""A directory (LDAP) by whose passwords employees may sign in."""
