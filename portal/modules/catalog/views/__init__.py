"""Staff pages of the catalog."""
