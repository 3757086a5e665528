"""A registry's configuration file and variables, together."""

from __future__ import annotations

import pytest

from regsweep.core.registry_config import RegistryConfig, read

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
