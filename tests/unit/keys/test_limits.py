"""What nginx is told of keys and their limits."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from firstlight.edge import limits
from firstlight.errors import FirstlightError
from firstlight.keys import Key, Keyring, KeySecret
from firstlight.rendering import TEMPLATES
from firstlight.secret import Secret
from tests.site import Load

BARE = Keyring(Secret("5" * 64))


def ring(*keys: Key) -> Keyring:
    return replace(BARE, keys=keys)


def map_of(text: str, name: str) -> dict[str, str]:
    """Return the entries of the map to the variable ``name``, without their quotes."""
    found = re.search(rf"map \$\w+ \${name} \{{\n(.*?)\n\}}", text, re.S)
    assert found, name
    entries = [line.strip().rstrip(";").split(" ") for line in found[1].splitlines()]
    pairs = [each for each in entries if each != ["volatile"]]
    # The backslashes before a name are nginx's way to say that it is no word of its own.
    return {each[0].strip('"').lstrip("\\"): each[1].strip('"') for each in pairs}


def test_keys_map_says_when_a_key_ends() -> None:
    secrets = (KeySecret("b" * 64, 1, 99), KeySecret("a" * 64, 2))
    text = limits.keys_map(ring(Key("alice", secrets=secrets)))
    assert text == f'{"a" * 64} "alice";\n{"b" * 64} "alice@99";\n'


def test_a_client_counts_in_the_zones_of_its_own_limits_only(load: Load) -> None:
    keys = ring(
        Key("alice"), Key("slow", rps=0.5), Key("vip", "gold"), Key("few", concurrency=2),
        Key("some", models=("tiny", "b")),
    )  # fmt: skip
    files = limits.files(keys, load(), None)
    text, limited = str(files["limits.conf"]), str(files["limited.conf"])
    rates, counts = map_of(text, "client_rate"), map_of(text, "client_concurrency")
    assert rates == {"default": "1200_40", "": "", "slow": "30_1", "vip": "6000_200"}
    assert counts == {"default": "32", "": "", "vip": "256", "few": "2"}
    assert map_of(text, "client_class") == {"default": "standard", "": "", "vip": "gold"}
    assert map_of(text, "client_models") == {"default": "*", "": "", "some": ",tiny,b,"}
    for name, words in (("1200_40", "20r/s"), ("30_1", "30r/m"), ("6000_200", "100r/s")):
        assert map_of(text, f"rate_{name}") == {"default": "", name: "$who"}
        assert f"limit_req_zone $rate_{name} zone=rate_{name}:4m rate={words};" in text
        assert f"limit_req zone=rate_{name} burst={name.split('_')[1]} nodelay;" in limited
    for count in ("2", "32", "256"):
        assert map_of(text, f"concurrency_{count}") == {"default": "", count: "$who"}
        assert f"limit_conn concurrency_{count} {count};" in limited
    assert map_of(text, "retry_after")["30_1"] == "2"
    assert isinstance(files["keys.map"], Secret)


def test_clients_with_a_jwt_have_their_class(load: Load) -> None:
    text = str(limits.files(ring(), load(), "gold")["limits.conf"])
    assert map_of(text, "client_class")["~^jwt:"] == "gold"
    assert map_of(text, "client_rate")["~^jwt:"] == "6000_200"
    assert map_of(text, "client_concurrency")["~^jwt:"] == "256"
    assert "jwt" not in str(limits.files(ring(), load(), None)["limits.conf"])


def test_classes_and_strangers_follow_the_settings(load: Load) -> None:
    data: dict[str, Any] = {
        "classes": {"standard": {"rps": 2, "burst": 1}, "gold": {"concurrency": 5}},
        "strangers": {"rps": 0.1, "burst": 7},
    }
    settings = load(edge=data)
    assert limits.allowed(Key("a"), settings) == limits.Allowed(limits.Rate(120, 1), 32)
    assert limits.allowed(Key("a", "gold"), settings) == limits.Allowed(limits.Rate(6000, 200), 5)
    own = Key("a", "gold", rps=1.2, burst=9, concurrency=1)
    assert limits.allowed(own, settings) == limits.Allowed(limits.Rate(72, 9), 1)
    text = str(limits.files(ring(), settings, None)["limits.conf"])
    assert "limit_req_zone $stranger zone=strangers:10m rate=6r/m;" in text


def test_distinct_limits_are_few(load: Load) -> None:
    most = tuple(Key(f"k{n}", rps=n + 0.5) for n in range(1, limits.MOST))
    assert limits.files(ring(*most), load(), None)
    with pytest.raises(FirstlightError, match="33 different rates"):
        limits.files(ring(*most, Key("more", rps=99)), load(), None)
    with pytest.raises(FirstlightError, match="34 different concurrencies"):
        keys = (Key(f"k{n}", concurrency=n + 100) for n in range(limits.MOST + 1))
        limits.files(ring(*keys), load(), None)


def test_a_key_for_a_model_that_is_not_there_is_told() -> None:
    keys = ring(Key("alice", models=("tiny", "tinny")), Key("bob"), Key("carol", models=("tiny",)))
    (line,) = limits.unknown_models(keys, ["tiny"])
    assert "alice" in line and "tinny" in line


@pytest.mark.parametrize(("keys", "size"), [(0, 2048), (1000, 2048), (1024, 4096), (10000, 32768)])
def test_the_hash_of_digests_has_room(keys: int, size: int) -> None:
    secrets = tuple(KeySecret(f"{n:064x}", 1) for n in range(keys))
    assert limits.map_size(ring(Key("alice", secrets=secrets))) == size


@pytest.mark.skipif(not shutil.which("node"), reason="needs node to run the script")
@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("::1", "0:0:0:0"),
     ("2001:db8::5", "2001:db8:0:0"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
     ("2001:db8:1:2::9", "2001:db8:1:2"), ("2001::2:3:4:5", "2001:0:0:0"), ("1::", "1:0:0:0")],
)  # fmt: skip
def test_a_stranger_is_an_address_or_a_network(address: str, network: str) -> None:
    text = (TEMPLATES / "etc/nginx/firstlight/stranger.js").read_text()
    call = f"console.log(network({{remoteAddress: {json.dumps(address)}}}))"
    script = text.replace("export default { network };", call)
    done = subprocess.run(
        ["node", "-e", script], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.stdout.strip() == network, done.stderr


def test_a_name_that_is_a_word_of_nginx_is_a_name(load: Load) -> None:
    files = limits.files(ring(Key("default", "gold"), Key("include", "gold")), load(), None)
    for name in ("default", "include"):
        assert f'"\\\\{name}" gold;' in str(files["limits.conf"])
