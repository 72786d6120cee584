"""The crawler sees what is wrong: a crawl without complaints means something."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from webob import Response

from portal.testing import Browser
from portal.testing.crawler import Crawler

HEAD = "<html><head><title>Page · House</title></head><body>"


def site(**pages: str) -> Browser:
    """A site with these pages; what it lacks is 404."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        name = environ["PATH_INFO"].strip("/") or "start"
        if name in pages and pages[name].startswith("to:"):
            response = Response(status=303, location=pages[name][3:])
        elif name in pages:
            response = Response(pages[name])
        else:
            response = Response("nothing", status=404)
        return response(environ, start_response)

    return Browser(answer)


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        (f"{HEAD}<a href='/gone'>x</a>", "/gone answers 404 (linked from /)"),
        ("<html><head><title></title></head><body>", "/: no title"),
        ("<html><head><title> · House</title></head><body>", "/: the title says only the company"),
        (f"{HEAD}<script>alert(1)</script>", "/: inline script"),
        (f"{HEAD}<style>b {{}}</style>", "/: a style element"),
        (f"{HEAD}<b style='color: red'>x</b>", "/: style on b"),
        (f"{HEAD}<b onclick='x()'>x</b>", "/: onclick on b"),
        (f"{HEAD}<a href='javascript:x()'>x</a>", "/: javascript in href of a"),
        (f"{HEAD}<b id='a'></b><i id='a'></i>", "/: the id a stands there more than once"),
        (f"{HEAD}Hello ${{name}}", "/: shows ${name}"),
        (f"{HEAD}&lt;portal.kernel.Money object at 0x1&gt;", "/: shows <portal.kernel.Money object"),
    ],
)
def test_what_is_wrong_is_said(page: str, complaint: str) -> None:
    assert complaint in Crawler(site(start=page)).from_("/").complaints()


def test_who_is_sent_to_sign_in_is_said() -> None:
    crawl = Crawler(
        site(start=f"{HEAD}<a href='in'>x</a>", **{"in": "to:/sign-in?next=x", "sign-in": HEAD})
    ).from_("/")
    assert crawl.complaints() == ["/in asks somebody to sign in who has (linked from /)"]


def test_every_link_is_followed_once_and_none_out_of_the_house() -> None:
    crawl = Crawler(
        site(
            start=f"{HEAD}<a href='b#x'></a><a href='https://elsewhere.example/'></a><a href='mailto:a@b.c'></a>",
            b=f"{HEAD}<a href='/'></a><form method='get' action='/c'></form><form hx-get='/d'></form>",
            c=HEAD,
            d="to:/e",
            e=f"{HEAD}<form method='post' action='/f'><input name='a' value='1'><textarea name='t'>long</textarea>"
            "<select name='s'><option value='x'><option value='y' selected></select><input type='checkbox' name='no'></form>",
        )
    ).from_("/")
    assert crawl.complaints() == []
    assert list(crawl.visits) == ["/", "/b", "/c", "/d", "/e"]
    assert crawl.forms()["/f"].fields == (("a", "1"), ("t", "long"), ("s", "y"))


def test_a_list_that_can_be_sorted_in_many_ways_is_visited_some_times() -> None:
    ways = "".join(f"<a href='?sort={number}'></a>" for number in range(9))
    browser = site(start=f"{HEAD}{ways}")
    assert len(Crawler(browser, alike=2).from_("/").visits) == 3
    assert len(Crawler(browser, alike=None).from_("/").visits) == 10
