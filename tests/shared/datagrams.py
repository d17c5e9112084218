"""What Postfix 3.10 hands to libtlsrpt's socket, as it was caught there; names are others."""

RECORD = "v=TLSRPTv1; rua=mailto:tls@example.net,https://reports.example.net/tls"
KEPT = (
    b'{"d": "example.net","pr": "v=TLSRPTv1;'
    b' rua=mailto:tls@example.net,https://reports.example.net/tls",'
    b'"policies":[{"policy-type":2,"policy-domain": "example.net","policy-string":'
    b'["version: STSv1","mode: enforce","mx: mx.example.net","max_age: 86400"],'
    b'"mx-host":["mx.example.net"],"t":0,"f":0}]}'
)
BROKEN = (
    b'{"d": "example.net","pr": "v=TLSRPTv1;'
    b' rua=mailto:tls@example.net,https://reports.example.net/tls",'
    b'"policies":[{"policy-type":2,"policy-domain": "example.net","policy-string":'
    b'["version: STSv1","mode: enforce","mx: mx.example.net","max_age: 86400"],'
    b'"mx-host":["mx.example.net"],"failure-details":[{"c":202,"s": "198.51.100.7",'
    b'"n": "mx.example.net","h": "250-mail.example.net\\r\\n250-PIPELINING\\r\\n250-STARTTLS'
    b'\\r\\n250 8BITMIME","r": "198.51.100.9"}],"t":1,"f":1}]}'
)
NO_POLICY = (
    b'{"d": "example.org","pr": "v=TLSRPTv1; rua=mailto:a@example.org","policies":'
    b'[{"policy-type":9,"policy-domain": "example.org","t":0,"f":0}]}'
)
