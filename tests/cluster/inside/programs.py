"""The programs of the node and their options, by the names that `kill`, `stop` and `start` know."""

from tests.cluster import settings

CONFIG = "/run/regsweep/config"
_ETCD = "http://127.0.0.1:2379"
_ETCD_PEER = "http://127.0.0.1:2380"
_PKI = settings.PKI

PROGRAMS: dict[str, tuple[str, ...]] = {
    "etcd": (
        "etcd",
        "--data-dir=/var/lib/etcd",
        "--unsafe-no-fsync",
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        f"--listen-peer-urls={_ETCD_PEER}",
        f"--initial-advertise-peer-urls={_ETCD_PEER}",
        f"--initial-cluster=default={_ETCD_PEER}",
    ),
    "containerd": ("containerd", f"--config={CONFIG}/containerd.toml"),
    "apiserver": (
        "kube-apiserver",
        f"--etcd-servers={_ETCD}",
        f"--advertise-address={settings.NODE_IP}",
        f"--secure-port={settings.API_PORT}",
        f"--service-cluster-ip-range={settings.SERVICES}",
        "--allow-privileged",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={_PKI}/ca.crt",
        f"--tls-cert-file={_PKI}/apiserver.crt",
        f"--tls-private-key-file={_PKI}/apiserver.key",
        f"--kubelet-certificate-authority={_PKI}/ca.crt",
        f"--kubelet-client-certificate={_PKI}/apiserver-kubelet.crt",
        f"--kubelet-client-key={_PKI}/apiserver-kubelet.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={_PKI}/accounts.pub",
        f"--service-account-signing-key-file={_PKI}/accounts.key",
    ),
    "controllers": (
        "kube-controller-manager",
        f"--kubeconfig={_PKI}/controllers.kubeconfig",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--use-service-account-credentials",
        "--enable-hostpath-provisioner",
        f"--root-ca-file={_PKI}/ca.crt",
        f"--service-account-private-key-file={_PKI}/accounts.key",
    ),
    "scheduler": (
        "kube-scheduler",
        f"--kubeconfig={_PKI}/scheduler.kubeconfig",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    ),
    "proxy": ("kube-proxy", f"--config={CONFIG}/kube-proxy.yaml"),
    "dns": (
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--user=root",
        "--no-resolv",
        "--no-hosts",
        "--bind-interfaces",
        f"--listen-address={settings.NODE_IP}",
        f"--local=/{settings.CLUSTER_DOMAIN}/",
        f"--hostsdir={settings.HOSTS}",
    ),
}
# Starts after containerd answers: without a runtime it ends at once.
KUBELET = (
    "kubelet",
    f"--config={CONFIG}/kubelet.yaml",
    f"--kubeconfig={_PKI}/node.kubeconfig",
    f"--hostname-override={settings.NODE}",
    f"--node-ip={settings.NODE_IP}",
)
