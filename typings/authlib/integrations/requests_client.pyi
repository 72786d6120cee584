from typing import Any

from requests import Response, Session

class OAuth2Session(Session):
    # What `get` takes beside what requests takes; `token` is what a token endpoint answered.
    token: dict[str, Any]
    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        token_endpoint_auth_method: str | None = None,
        *,
        scope: str | None = None,
        redirect_uri: str | None = None,
        code_challenge_method: str | None = None,
        default_timeout: tuple[float, float] | None = None,
    ) -> None: ...
    def create_authorization_url(
        self, url: str, state: str | None = None, code_verifier: str | None = None, **kwargs: str
    ) -> tuple[str, str]: ...
    def fetch_token(
        self, url: str, *, code: str, code_verifier: str, allow_redirects: bool = True
    ) -> dict[str, Any]: ...
    def request(  # type: ignore[override]
        self, method: str, url: str, withhold_token: bool = False, **kwargs: Any
    ) -> Response: ...
