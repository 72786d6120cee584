"""The pages of self-service."""
