"""Signatures of S3 requests, against the example that AWS documents.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET Object".
"""

from __future__ import annotations

from firstlight.weights.signature import EMPTY, Signer

ACCESS = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SIGNED = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"


def test_the_documented_example() -> None:
    signer = Signer(ACCESS, SECRET, "us-east-1")
    url = "https://examplebucket.s3.amazonaws.com/test.txt"
    found = signer.headers("GET", url, {"range": "bytes=0-9"}, now="20130524T000000Z")
    assert found["Authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={ACCESS}/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature={SIGNED}"
    )
    assert found["x-amz-content-sha256"] == EMPTY


def test_the_secret_is_not_shown() -> None:
    signer = Signer(ACCESS, SECRET, "auto")
    assert SECRET not in repr(signer)
    assert SECRET not in str(signer.headers("GET", "https://h/b/k"))
