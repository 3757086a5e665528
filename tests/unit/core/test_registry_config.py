"""A registry's configuration file and variables, together."""

from __future__ import annotations

import pytest

from regsweep.core.registry_config import Redis, RegistryConfig, read

FILE = {
    "storage": {"filesystem": {"rootdirectory": "/data/"}, "cache": {"blobdescriptor": "inmemory"}, "delete": {}},
    "http": {"addr": ":5000"},
}
PLAIN = RegistryConfig("filesystem", "/data", "inmemory", "http", 5000, "", False)

CASES = [
    (FILE, {}, "http://10.0.0.1:5000", PLAIN),
    ({"storage": {"filesystem": None}}, {}, "http://10.0.0.1:80", None),
    (FILE, {"REGISTRY_HTTP_ADDR": "0.0.0.0:8080"}, "http://10.0.0.1:8080", None),
    (FILE, {"REGISTRY_HTTP_TLS_CERTIFICATE": "/tls.crt"}, "https://10.0.0.1:5000", None),
    (FILE | {"http": {"addr": ":443", "tls": {"certificate": "x"}}}, {}, "https://10.0.0.1:443", None),
    (FILE | {"http": {"addr": ":5000", "prefix": "/hub/"}}, {}, "http://10.0.0.1:5000/hub", None),
]


@pytest.mark.parametrize(("config", "env", "url", "expected"), CASES)
def test_where_it_answers(config, env, url, expected):
    found = read(config, env)
    assert found.url("10.0.0.1", 80) == url
    assert expected is None or found == expected


def test_an_ipv6_address_is_bracketed():
    assert PLAIN.url("fd00::1", 80) == "http://[fd00::1]:5000"


DRIVERS = [
    ({"s3": {"bucket": "b"}, "cache": {}}, {}, "s3"),
    ({"filesystem": None}, {"REGISTRY_STORAGE_DELETE_ENABLED": "true"}, "filesystem"),
    ({}, {"REGISTRY_STORAGE_S3_BUCKET": ""}, "s3"),
    ({"filesystem": None}, {"REGISTRY_STORAGE": "s3"}, "s3"),
    ({"filesystem": None, "s3": {}}, {}, "filesystem+s3"),
    ({}, {}, ""),
]


@pytest.mark.parametrize(("storage", "env", "expected"), DRIVERS)
def test_the_storage_driver(storage, env, expected):
    assert read({"storage": storage}, env).driver == expected


def test_the_cache_of_a_variable_wins_even_when_it_is_empty():
    assert read(FILE, {"REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR": ""}).cache == ""


@pytest.mark.parametrize("address", ["127.0.0.1:5000", "localhost:5000", "[::1]:5000"])
def test_loopback_is_told(address):
    assert read(FILE | {"http": {"addr": address}}, {}).loopback is True


REDIS = [
    pytest.param({"addr": "redis:6379"}, {}, Redis(("redis:6379",), 0, ""), id="2.8"),
    pytest.param({"addrs": ["r:1"], "db": 3, "password": "p"}, {}, Redis(("r:1",), 3, "", "p"), id="3"),
    pytest.param({"addrs": ["r:1"], "username": "u"}, {"REGISTRY_REDIS_DB": "2"}, Redis(("r:1",), 2, "u"), id="both"),
    pytest.param({}, {"REGISTRY_REDIS_ADDR": "r:1"}, Redis(("r:1",), 0, ""), id="a variable of 2.8"),
    pytest.param({}, {"REGISTRY_REDIS_ADDRS": '["r:1"]'}, Redis(("r:1",), 0, ""), id="a variable of 3"),
    pytest.param(
        {"addr": "r:1", "password": "p"}, {"REGISTRY_REDIS_PASSWORD": ""}, Redis(("r:1",), 0, ""), id="secret"
    ),
    pytest.param({"addr": "r:1", "tls": {"enabled": False}}, {}, Redis(("r:1",), 0, ""), id="TLS off"),
    pytest.param({}, {}, None, id="none"),
]


@pytest.mark.parametrize(("redis", "env", "expected"), REDIS)
def test_where_redis_is(redis, env, expected):
    assert read({**FILE, "redis": redis}, env).redis == expected


ODD = [
    pytest.param({"addrs": ["a:1", "b:1"]}, {}, id="cluster"),
    pytest.param({"addr": "r:1", "tls": {"certificate": "/c"}}, {}, id="TLS"),
    pytest.param({"addrs": ["r:1"], "mastername": "m"}, {}, id="Sentinel"),
    pytest.param({"addr": "r:1"}, {"REGISTRY_REDIS": ""}, id="a variable with the whole map"),
    pytest.param({"addr": "/run/redis.sock"}, {}, id="socket"),
]


@pytest.mark.parametrize(("redis", "env"), ODD)
def test_what_is_no_plain_server_is_told(redis, env):
    found = read({**FILE, "redis": redis}, env).redis
    assert found is not None
    assert not found.plain


def test_the_host_of_redis():
    assert [Redis((address,), 0, "").host for address in ("r:1", "[fd00::1]:6379", ":6379")] == [
        "r",
        "fd00::1",
        "127.0.0.1",
    ]
    assert "opensesame" not in repr(Redis(("r:1",), 0, "", "opensesame"))


def test_a_map_in_a_variable_is_not_shown():
    assert read({}, {"REGISTRY_STORAGE": "{s3: {secretkey: x}}"}).driver == "a map in REGISTRY_STORAGE"
