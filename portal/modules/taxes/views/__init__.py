"""Staff pages of taxes."""
