"""How mail programs set off a quote in HTML; each in its own way."""

# the words of other alphabets are what is tested
from __future__ import annotations

import pytest

from tests.mail.letters import letter, read

QUOTES = {
    "gmail": '<div dir="ltr">W</div><br><div class="gmail_quote"><div class="gmail_attr">On Mon, Nov 2, 2026 at 9:00 AM Desk &lt;<a href="mailto:h@x.example">h@x.example</a>&gt; wrote:<br></div><blockquote class="gmail_quote">old</blockquote></div>',
    "gmail, older": '<div dir="ltr">W</div><div class="gmail_extra"><br><div class="gmail_quote">2026-11-02 9:00 GMT+01:00 Desk <span dir="ltr">&lt;<a href="mailto:h@x.example">h@x.example</a>&gt;</span>:<br><blockquote class="gmail_quote">old</blockquote></div></div>',
    "outlook": '<div class=WordSection1><p class=MsoNormal>W</p><p class=MsoNormal>&nbsp;</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p class=MsoNormal><b>From:</b> Desk [mailto:h@x.example] <br><b>Sent:</b> Monday<br><b>To:</b> Eve<br><b>Subject:</b> fire</p></div><p>old</p></div>',
    "outlook, names alone": '<p>W</p><div style="border:none;border-top:solid #B5C4DF 1.0pt"><p><b>Von:</b> Desk<br><b>Gesendet:</b> Montag<br><b>An:</b> Eve</p></div><p>old</p>',
    "outlook on the web": '<div>W</div><hr tabindex="-1"><div id="x_divRplyFwdMsg" dir="ltr"><font><b>De :</b> Desk<br><b>Envoyé :</b> lundi<br><b>À :</b> Eve</font></div><div>old</div>',
    "outlook for the mac": '<div>W</div><span id="OLK_SRC_BODY_SECTION"><div>old</div></span>',
    "windows mail": '<div>W</div><div style="padding-top: 5px; border-top-style: solid;"><div><b>From:</b>&nbsp;<a href="mailto:h@x.example">Desk</a><br><b>Sent:</b>&nbsp;Monday<br><b>To:</b>&nbsp;Eve</div></div><div>old</div>',
    "hotmail": '<div>W<br><br><div><hr id="stopSpelling">Date: Mon, 2 Nov 2026 09:00:00 +0000<br>Subject: fire<br>From: h@x.example<br>To: e@x.example<br><br>old</div></div>',
    "yahoo": '<div>W</div><div class="yahoo_quoted"><div>On Monday, November 2, 2026, 9:00 AM, Desk &lt;h@x.example&gt; wrote:</div><div>old</div></div>',
    "thunderbird": '<p>W</p><div class="moz-cite-prefix">On 11/2/26 09:00, Desk wrote:<br></div><blockquote type="cite" cite="mid:x">old</blockquote>',
    "proton": '<div>W</div><div class="protonmail_quote">On Monday, Desk &lt;h@x.example&gt; wrote:<br><blockquote class="protonmail_quote">old</blockquote></div>',
    "apple": '<div>W</div><div><br><blockquote type="cite"><div>On 2 Nov 2026, at 09:00, Desk &lt;<a href="mailto:h@x.example">h@x.example</a>&gt; wrote:</div><br><div>old</div></blockquote></div>',
    "spark": '<div name="messageBodySection">W</div><div name="messageReplySection">On 2 Nov 2026, 09:00 +0100, Desk &lt;h@x.example&gt;, wrote:<br><blockquote type="cite">old</blockquote></div>',
    "yandex": '<div>W</div><div><br /></div><div>02.11.2026, 09:00, "Desk" &lt;h@x.example&gt;:</div><blockquote><p>old</p></blockquote>',
    "mail.ru": "<p>W</p><blockquote>Понедельник, 2 ноября 2026, 9:00 +03:00 от Desk &lt;h@x.example&gt;:<br>old</blockquote>",
    "zimbra": '<div>W</div><hr id="zwchr" data-marker="__DIVIDER__"><div><b>From: </b>"Desk" &lt;h@x.example&gt;<br><b>To: </b>Eve<br><b>Sent: </b>Monday<br><b>Subject: </b>fire</div><div>old</div>',
    "qq": '<div>W</div><div><div>------------------&nbsp;Original&nbsp;------------------</div><div><div><b>From: </b>"Desk"&lt;h@x.example&gt;;</div><div><b>To: </b>"Eve"</div></div>old</div>',
    "foxmail": '<div>W</div><blockquote><div>&nbsp;</div><div><div><b>发件人：</b>&nbsp;<a href="mailto:h@x.example">Desk</a></div><div><b>发送时间：</b>&nbsp;2026-11-02</div><div><b>收件人：</b>&nbsp;Eve</div></div><div>old</div></blockquote>',
    "notes": '<p>W</p><font color="#5F5F5F">From: </font><font>Desk/ACME</font><br>To: Eve<br>Date: 11/02/2026<br>Subject: fire<br><hr>old',
    "a desk": "<p>W</p><p>##- Please type your reply above this line -##</p><p>old</p>",
    "a phone": '<div>W</div><div>Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div>',
}  # fmt: skip


@pytest.mark.parametrize("program", QUOTES)
def test_a_quote_in_html_is_taken_off(program: str) -> None:
    html = QUOTES[program].replace(">W<", ">It <b>smokes</b>.<")
    message = read(letter("Subject: Re: fire", "Content-Type: text/html; charset=utf-8", body=html))
    assert message.reply_text == "It smokes."
    assert program == "a phone" or "old" in message.text
