"""The blog service: posts and tags."""
