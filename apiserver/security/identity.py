"""Names of callers, in Kubernetes' form: a certificate's common name is the user, its organisations are the groups."""

from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

MASTERS = "system:masters"
NODES = "system:nodes"
BOOTSTRAPPERS = "system:bootstrappers"
NODE_PREFIX = "system:node:"
BOOTSTRAP_PREFIX = "system:bootstrap:"
ANY_NODE = "any"


@dataclass(frozen=True)
class Identity:
    """A user and its groups."""

    user: str
    groups: tuple[str, ...] = ()

    @property
    def node(self) -> str:
        """The name of the node that speaks; "" for everybody else."""
        return self.user.removeprefix(NODE_PREFIX) if NODES in self.groups and self.user.startswith(NODE_PREFIX) else ""

    @property
    def is_admin(self) -> bool:
        return MASTERS in self.groups

    @property
    def may_join_as(self) -> str:
        """The node that a join token is for, ANY_NODE for one that any new node may use; "" for everybody else."""
        if BOOTSTRAPPERS not in self.groups:
            return ""
        return self.user.removeprefix(BOOTSTRAP_PREFIX)

    def subject(self) -> x509.Name:
        """The name in a certificate."""
        groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in self.groups]
        return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, self.user)])


ADMIN = Identity("system:admin", (MASTERS,))
CLOUD_CONTROLLER = Identity("system:cloud-controller-manager")
CLUSTER_DNS = Identity("system:cluster-dns")


def node(name: str) -> Identity:
    return Identity(NODE_PREFIX + name, (NODES,))


def joiner(name: str = ANY_NODE) -> Identity:
    return Identity(BOOTSTRAP_PREFIX + name, (BOOTSTRAPPERS,))


@lru_cache(maxsize=1024)
def of_certificate(pem: bytes) -> Identity:
    """The identity in a PEM certificate that TLS has already verified. Raises ValueError where it names no user."""
    subject = x509.load_pem_x509_certificate(pem).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names:
        raise ValueError("the certificate names no user (its common name is empty)")
    groups = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return Identity(str(names[0].value), tuple(str(group.value) for group in groups))
