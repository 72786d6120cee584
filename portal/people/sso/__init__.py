"""Single sign-on by OpenID Connect: the provider, what its tokens must say, and the way there and back."""
