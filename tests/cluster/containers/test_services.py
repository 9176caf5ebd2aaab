"""More of the tests of clusters, unchanged, against the docker driver and the compose file.

Names, load balancers, pods, commands.
"""

import pytest

from tests.cluster.harness import Cluster
from tests.cluster.test_cli import (  # noqa: F401
    test_a_reader_that_goes_away,
    test_describe_names_the_endpoints,
    test_exec_with_a_terminal,
    test_port_forward,
    test_watch_shows_a_change,
)
from tests.cluster.test_dns import (  # noqa: F401
    named,
    test_a_server_that_is_deleted_is_replaced_and_hardly_missed,
    test_a_service_that_is_deleted_comes_back_with_its_address,
    test_curl_reaches_services_by_name,
    test_libc_resolves_every_form_of_a_name,
    test_names_outside_fail_fast_where_there_is_no_way_out,
    test_records_of_each_sort_come_over_udp_and_tcp,
    test_two_servers_on_two_nodes_stand_behind_the_address_of_every_pods_resolv_conf,
)
from tests.cluster.test_load_balancer import (  # noqa: F401
    balanced,
    test_a_deleted_service_frees_its_address,
    test_a_fault_leaves_it_pending_and_says_why,
    test_a_health_check_port_that_somebody_else_has_is_an_event,
    test_a_node_that_loses_its_last_endpoint_leaves_the_rotation,
    test_everybody_reaches_every_load_balancer_by_tcp_and_udp,
    test_services_share_a_port_and_an_unused_one_is_refused,
    test_source_ranges_let_in_whom_they_name,
    test_the_local_policy_keeps_the_client_and_uses_only_nodes_with_endpoints,
)
from tests.cluster.test_pods import (  # noqa: F401
    pods,
    test_a_crash_loop_backs_off,
    test_a_deleted_pod_gets_its_time,
    test_a_failed_liveness_probe_restarts,
    test_a_pod_that_runs_to_its_end,
    test_a_pod_waits_for_its_config_map,
    test_an_unknown_image_is_told_what_there_is,
    test_containers_share_network_and_sidecars_run_first,
)
from tests.cluster.test_traffic import (  # noqa: F401
    test_of_two_that_claim_an_address_one_has_it_and_the_other_says_so,
)

pytestmark = [
    pytest.mark.optional("a machine need not have an engine"),
    pytest.mark.timeout(600),  # the first of them may build the image
]


@pytest.fixture(scope="module", params=["docker_cluster", "compose_cluster"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    found: Cluster = request.getfixturevalue(request.param)
    return found
