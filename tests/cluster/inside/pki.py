"""One certificate authority, and a certificate and kubeconfig for each client of the API server."""

import base64
import json
import subprocess
from pathlib import Path

from tests.cluster import settings

_API_URL = f"https://127.0.0.1:{settings.API_PORT}"
_SUBJECTS = {
    "admin": "/O=system:masters/CN=admin",
    "apiserver": "/CN=kube-apiserver",
    "apiserver-kubelet": "/O=system:masters/CN=apiserver-kubelet",  # what the API server is for the kubelet: logs, exec
    "controllers": "/CN=system:kube-controller-manager",
    "node": f"/O=system:nodes/CN=system:node:{settings.NODE}",
    "proxy": "/CN=system:kube-proxy",
    "scheduler": "/CN=system:kube-scheduler",
}
_NAMES = (
    *(f"IP:{address}" for address in ("127.0.0.1", settings.NODE_IP, settings.API_SERVICE_IP)),
    *(f"DNS:{name}" for name in ("localhost", settings.NODE, "kubernetes", "kubernetes.default")),
    "DNS:kubernetes.default.svc",
    f"DNS:kubernetes.default.svc.{settings.CLUSTER_DOMAIN}",
)
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")  # EC: all of them in a second


def make_certificates() -> None:
    """Makes everything in the PKI folder unless it is there for this API port. Raises CalledProcessError."""
    done = settings.PKI / "made-for"
    if done.exists() and done.read_text() == _API_URL:
        return
    settings.PKI.mkdir(exist_ok=True)
    settings.PKI.chmod(0o700)
    # Without a configuration of our own, openssl's default one makes an authority of every certificate.
    _write("openssl.cnf", "[req]\ndistinguished_name=name\n[name]\n")
    _certificate(
        "ca", f"/CN={settings.NAME}-ca", "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"
    )
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "accounts.key")
    _openssl("ec", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")
    for name, subject in _SUBJECTS.items():
        _certificate(
            name,
            subject,
            "basicConstraints=critical,CA:FALSE",
            "extendedKeyUsage=serverAuth,clientAuth",
            f"subjectAltName={','.join(_NAMES)}",
            signer="ca",
        )
        _write(f"{name}.kubeconfig", json.dumps(_kubeconfig(name), indent=1))
    _write("made-for", _API_URL)


def _certificate(name: str, subject: str, *extensions: str, signer: str = "") -> None:
    request = ["req", "-x509", "-config", "openssl.cnf", *_KEY, "-days", "3650", "-subj", subject]
    request += ["-keyout", f"{name}.key", "-out", f"{name}.crt"]
    if signer:
        request += ["-CA", f"{signer}.crt", "-CAkey", f"{signer}.key"]
    for extension in extensions:
        request += ["-addext", extension]
    _openssl(*request)


def _kubeconfig(user: str) -> dict[str, object]:
    cluster = {"server": _API_URL, "certificate-authority-data": _encoded("ca.crt")}
    login = {"client-certificate-data": _encoded(f"{user}.crt"), "client-key-data": _encoded(f"{user}.key")}
    name = settings.NAME
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": login}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }


def _encoded(name: str) -> str:
    return base64.b64encode((settings.PKI / name).read_bytes()).decode()


def _write(name: str, text: str) -> Path:
    path = settings.PKI / name
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=settings.PKI, check=True, capture_output=True)
