"""The messages that are submitted, ready as bytes, so that making them costs next to nothing."""

from dataclasses import dataclass

# What mail programs write, with a tag. Outlook's is as much work as there is: of its 25 headers
# most have to go or to change.
_OUTLOOK = """\
From: "Doe, Jane" <{login}>
To: "service@shop.example" <service@shop.example>
Cc: "{login}" <{login}>
Subject: Re: Your order {number} [sendas:shop-{number}]
Thread-Topic: Your order {number} [sendas:shop-{number}]
Thread-Index: AQHbjOoAAAAAAAAAAAAAAAAAAAAA
Date: Tue, 4 Mar 2025 09:11:12 +0000
Message-ID: <AM0PR00MB{number}AAAA@AM0PR00MB0000.eurprd00.prod.outlook.example>
References: <1@shop.example>
 <2@shop.example>
 <3@shop.example>
In-Reply-To: <3@shop.example>
Accept-Language: en-GB, de-DE
Content-Language: en-GB
X-MS-Has-Attach:
X-MS-TNEF-Correlator:
x-ms-publictraffictype: Email
x-ms-exchange-messagesentrepresentingtype: 1
X-MS-Exchange-CrossTenant-Id: 00000000-0000-0000-0000-000000000000
X-MS-Exchange-CrossTenant-OriginalArrivalTime: 04 Mar 2025 09:11:12.0000 (UTC)
X-MS-Exchange-Transport-CrossTenantHeadersStamped: AM0PR00MB0000
x-originating-ip: [192.0.2.44]
X-Mailer: Microsoft Outlook 16.0
Importance: Normal
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: 7bit
MIME-Version: 1.0

"""
_THUNDERBIRD = """\
Message-ID: <0a1b2c3d-0000-4000-8000-00000{number}@example.com>
Date: Tue, 4 Mar 2025 10:11:12 +0100
MIME-Version: 1.0
User-Agent: Mozilla Thunderbird
Subject: Re: Your order {number} [sendas:shop-{number}]
To: service@shop.example
References: <1@shop.example> <2@shop.example>
Content-Language: en-US
From: Jane Doe <{login}>
In-Reply-To: <2@shop.example>
Content-Type: text/plain; charset=UTF-8; format=flowed
Content-Transfer-Encoding: 7bit

"""
# What a shop sends: it comes in, and nothing of it changes.
_SHOP = """\
Received: from mta-7.mailer.example (mta-7.mailer.example [192.0.2.17])
 by out.shop.example (Postfix) with ESMTPS id {number}
 for <somebody@example.com>; Tue, 4 Mar 2025 09:11:13 +0000 (UTC)
Received: by mta-7.mailer.example id h{number} for <somebody@example.com>;
 Tue, 4 Mar 2025 09:11:12 +0000 (envelope-from <{login}>)
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=shop.example; s=mailer;
 h=From:To:Subject:Date:Message-ID;
 bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;
 b=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==
From: The Shop <{login}>
To: somebody@example.com
Reply-To: service@shop.example
Subject: Your order {number} is on its way
Date: Tue, 4 Mar 2025 09:11:12 +0000
Message-ID: <{number}.1741079472@mta-7.mailer.example>
List-Unsubscribe: <https://shop.example/unsubscribe/{number}>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Feedback-ID: orders:mailer
X-Mailer: The Mailer 7
Precedence: bulk
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 7bit

"""
_HEADS = {"Outlook": _OUTLOOK, "Thunderbird": _THUNDERBIRD, "Shop": _SHOP}
_LINE = b"The quick brown fox jumps over the lazy dog, again and again and again.\r\n"


@dataclass(frozen=True)
class Letters:
    """Messages of one size; each has a number, and an alias and a Message-ID with it."""

    login: str
    size: int
    program: str = "Outlook"

    def __post_init__(self) -> None:
        if self.size < len(self.head(0)) + len(_LINE):
            raise ValueError(f"{self.size} bytes are too few for the headers and a line")

    def head(self, number: int) -> bytes:
        text = _HEADS[self.program].format(login=self.login, number=f"{number:07d}")
        return text.replace("\n", "\r\n").encode()

    def body(self) -> bytes:
        """Return lines that fill the size, with a full last one."""
        wanted = self.size - len(self.head(0))
        lines = _LINE * (wanted // len(_LINE))
        return b"x" * (wanted - len(lines)) + lines
