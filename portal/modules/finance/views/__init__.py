"""Staff pages of finance."""
