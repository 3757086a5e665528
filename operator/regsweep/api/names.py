"""The strings of the API that name something: objects, keys, a registry and its aliases, a schedule, a path."""

from __future__ import annotations

from typing import Annotated

from jsonpath_rfc9535 import JSONPathError

from regsweep.api.cron import check_cron, check_time_zone
from regsweep.api.image_path import check_cost, compile_path
from regsweep.api.scalars import CheckedString


class _ObjectName(CheckedString):
    grammar = r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
    max_length = 253
    expected = "a Kubernetes name: lower case letters, digits, '-' and '.', with a letter or digit at both ends"


class _Label(CheckedString):
    grammar = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    max_length = 63
    expected = "a name of lower case letters, digits and '-', with a letter or digit at both ends"


class _Key(CheckedString):
    grammar = r"[-._a-zA-Z0-9]+"
    max_length = 253
    expected = "a key: letters, digits, '-', '_' and '.'"


class _Digest(CheckedString):
    grammar = r"sha256:[0-9a-f]{64}"
    max_length = 71
    expected = "a digest: sha256: and 64 hexadecimal digits"


class _Cron(CheckedString):
    grammar = r"[^\s=]+(\s+[^\s=]+){4}"
    max_length = 100
    expected = "a cron schedule of five fields, such as 0 3 * * *"

    @classmethod
    def refusal(cls, text: str) -> str:
        zone = ": put the time zone into spec.timeZone" if "TZ=" in text else ""
        return super().refusal(text) + zone

    def check(self) -> None:
        check_cron(self)


class _TimeZone(CheckedString):
    grammar = r"[A-Za-z][A-Za-z0-9_+/-]*"
    max_length = 64
    expected = "a time zone of the IANA database, such as Europe/Berlin"

    def check(self) -> None:
        check_time_zone(self)


class _RegistryURL(CheckedString):
    grammar = r"https?://[^/@?#\s]+(/[^@?#\s]*)?"
    max_length = 512
    expected = "a URL such as http://registry.registry.svc:5000, without user name, password, '?' or '#'"

    @classmethod
    def refusal(cls, text: str) -> str:
        """Does not repeat `text`: a password may be in it."""
        del text
        return f"is not {cls.expected}"


class _Alias(CheckedString):
    grammar = (
        r"([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?(/[-._a-z0-9]+)*"
        r"(=[-._a-z0-9]+(/[-._a-z0-9]+)*)?"
    )
    max_length = 255
    expected = (
        "a name as images are written, such as registry.example.com, mirror:5000/team or docker.io=dockerhub, "
        "without http://"
    )


class _ResourceVersion(CheckedString):
    grammar = r"([a-z0-9][-a-z0-9.]*/)?v[0-9][a-z0-9]*"
    max_length = 253
    expected = "an apiVersion, such as argoproj.io/v1alpha1"


class _ResourceKind(CheckedString):
    grammar = r"[A-Z][A-Za-z0-9]*"
    max_length = 63
    expected = "a kind, such as Rollout"


class _ImagePath(CheckedString):
    grammar = r"\$.+"
    max_length = 512
    expected = "a JSONPath of RFC 9535, such as $.spec.template.spec.containers[*].image"

    def check(self) -> None:
        try:
            compile_path(self)
            check_cost(self)
        except (JSONPathError, ValueError) as error:
            raise ValueError(f"{self.refusal(self)}: {error.args[0]}") from None


class _ImageName(CheckedString):
    grammar = r"[A-Za-z0-9\[][^\s{}$(),;'\"]*"
    max_length = 512
    expected = "an image as a Pod names it, such as registry.example.com/team/app:1.2"


# To a type checker these are strings; at run time they check themselves.
Name = Annotated[str, _ObjectName]
Label = Annotated[str, _Label]
Key = Annotated[str, _Key]
Sha256 = Annotated[str, _Digest]
Cron = Annotated[str, _Cron]
TimeZone = Annotated[str, _TimeZone]
RegistryURL = Annotated[str, _RegistryURL]
Alias = Annotated[str, _Alias]
ResourceVersion = Annotated[str, _ResourceVersion]
ResourceKind = Annotated[str, _ResourceKind]
ImagePath = Annotated[str, _ImagePath]
ImageName = Annotated[str, _ImageName]
