"""The command lines of etcd and kube-apiserver, and the small files they read."""

from pathlib import Path

AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"""
"""Who did what to which object, once per request; no bodies, so no Secret is ever written down."""


def etcd_command(program: Path, folder: Path, client_url: str, peer_url: str, *, fsync: bool) -> list[str]:
    """One member, its data in ``folder``."""
    command = [
        str(program),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client_url}",
        f"--advertise-client-urls={client_url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        "--log-level=warn",
    ]
    return command if fsync else [*command, "--unsafe-no-fsync"]


def apiserver_command(program: Path, folder: Path, etcd_url: str, port: int, admin_token: str) -> list[str]:
    """An API server as in production where it matters: TLS, RBAC, admission, ServiceAccount tokens, an audit log.

    It makes its certificate itself before it reads the keys for ServiceAccount tokens, so one key serves both
    and nothing has to be installed to make another.
    """
    certificates = folder / "certificates"
    key = certificates / "apiserver.key"
    tokens, policy = folder / "tokens.csv", folder / "audit-policy.yaml"
    tokens.touch(mode=0o600)
    tokens.write_text(f"{admin_token},admin,admin,system:masters\n")
    policy.write_text(AUDIT_POLICY)
    return [
        str(program),
        f"--etcd-servers={etcd_url}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={certificates}",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={key}",
        f"--service-account-key-file={key}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={folder / 'audit.log'}",
    ]
