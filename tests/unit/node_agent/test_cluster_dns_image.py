"""The image of the cluster's DNS: what its container is led to, and what it is not."""

from pathlib import Path

from node_agent.images import catalogue
from node_agent.images.cluster_dns import images


def test_a_socket_is_found_in_its_folder_which_is_bound_read_only() -> None:
    image = images("unix:/state/api/api.sock", None)["cluster-dns"]
    assert image.entrypoint[-4:] == ("-m", "cluster_dns", "--server", "unix:/run/svclab/api.sock")
    assert ("/state/api", "/run/svclab", True) in image.binds


def test_over_tcp_it_finds_its_own_credentials() -> None:
    image = images("10.0.0.1:6443", Path("/node/dns"))["coredns"]
    assert image.entrypoint[-4:] == ("--server", "10.0.0.1:6443", "--credentials", "/run/svclab")
    assert ("/node/dns", "/run/svclab", True) in image.binds


def test_every_registry_and_tag_is_it_and_no_other_image_is_led_anywhere() -> None:
    additions = images("unix:/state/api/api.sock", None)
    for reference in ("svclab/cluster-dns", "registry.k8s.io/coredns/coredns:v1.11.3"):
        assert catalogue.find(reference, additions) is additions["coredns"]
    assert not any(image.binds for image in catalogue.IMAGES.values())
