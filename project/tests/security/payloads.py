"""Texts that would become mark-up, script or another event if anything forgot to escape them."""

from __future__ import annotations

import re

ESC = "\x1b"
PAYLOADS = (
    "<script>trap(1)</script>",
    "<img src=x onerror=trap(2)>",
    '"><svg/onload=trap(3)>',
    "'><body onload=trap(4)>",
    "</td></tr></table><iframe srcdoc='<script>parent.trap(5)</script>'>",
    '" autofocus onfocus=trap(6) x="',
    "' onmouseover='trap(7)",
    '" hx-get="/demo/" hx-trigger="load" x="',
    '" data-hx-post="/demo/run/" data-hx-trigger="load" x="',
    '" hx-on:load="trap(8)" style="position:fixed;inset:0" x="',
    "</title><script>trap(9)</script>",
    "</textarea><script>trap(10)</script>",
    "</script><script>trap(11)</script>",
    "</style><script>trap(12)</script>",
    "--><script>trap(13)</script><!--",
    "<!--<img src=x onerror=trap(14)>-->",
    "<![CDATA[<script>trap(15)</script>]]>",
    "<?xml version='1.0'?><x:script xmlns:x='http://www.w3.org/1999/xhtml'>trap(16)</x:script>",
    "javascript:trap(17)",
    "data:text/html,<script>trap(18)</script>",
    "http://x/</a><b onclick=trap(19)>",
    'https://example.org/"onmouseover="trap(20)',
    "https://example.org/'><img src=x onerror=trap(21)>",
    "http://example.org/javascript:trap(22)",
    "hTTp://a.example/\u202e/gro.live//:sptth",
    "[x](javascript:trap(23))",
    "{{ 7|add:'7' }}{% load static %}{% debug %}",
    "${trap(24)} #{trap(24)} <%= trap(24) %>",
    "&lt;script&gt;trap(25)&lt;/script&gt;",
    "&#60;img src=x onerror=trap(26)&#62;",
    "%3Cscript%3Etrap(27)%3C/script%3E",
    "\\u003cscript\\u003etrap(28)\\u003c/script\\u003e",
    "＜script＞trap(29)＜/script＞",
    "<scr<script>ipt>trap(30)</scr</script>ipt>",
    "<math><mi//xlink:href='data:x,<script>trap(31)</script>'>",
    "<form action=/demo/run/ method=post><button autofocus>x",
    "<base href='https://evil.example/'><link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    f"{ESC}[31m<b>{ESC}[0m{ESC}]8;;javascript:trap(32){ESC}\\x{ESC}]8;;{ESC}\\{ESC}]0;<i>\x07",
    f"{ESC}[38;2;1;2;3\"><script>trap(33)</script>m{ESC}P<b>{ESC}\\",
    "x\r\ndata: <script>trap(34)</script>\r\nevent: end\rid: 999999\nretry: 1\n\nevent: state",
    "::group::<img src=x onerror=trap(35)>",
    "\ufeff<\u200bscript>trap(36)</script>\u2028<b>\u2029",
)  # fmt: skip


def harmless(text: str) -> str:
    """As long as the payload, with letters for whatever could be mark-up."""
    return re.sub(r"[^\w\s./:?=-]", "x", text).replace("://", "xxx").replace("::group::", "x" * 9)
