"""A started `subdyn up`, asked by GraphQL as the pages of its UI ask."""

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.support.installation import wait_for

CLOSED = {"path": ["closed", "subscriber_metrics_monthly"]}
LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "subscriber_dynamics"}
RUN = """
query($run: ID!) {
  runOrError(runId: $run) { ... on Run { status parentRunId stepStats { stepKey status }
    eventConnection { events { __typename
      ... on LogMessageEvent { level message }
      ... on ObservationEvent { description partition } } } } }
}
"""
STATUS = "query($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"
PARTITIONS = """
query($asset: AssetKeyInput!) {
  assetNodeOrError(assetKey: $asset) {
    ... on AssetNode { partitionKeys assetPartitionStatuses {
      ... on DefaultPartitionStatuses { materializedPartitions failedPartitions } } }
  }
}
"""


@dataclass(frozen=True)
class Ui:
    """A started `subdyn up`."""

    url: str

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer's one field."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            answer = json.load(response)
        assert "errors" not in answer, answer
        (found,) = answer["data"].values()
        return found

    def launch(self, mutation: str, selector: dict[str, Any], **parameters: Any) -> str:
        """The id of a run that was launched as a click does it."""
        launched = self.ask(
            mutation, run={"selector": {**LOCATION, **selector}, "mode": "default", **parameters}
        )
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return launched["run"]["runId"]

    def ended(self, run_id: str) -> Any:
        """The run as its page shows it, once it has ended."""
        # its status alone: to read all its events again and again slows down what is waited for
        ended = ("SUCCESS", "FAILURE", "CANCELED")
        wait_for(lambda: self.ask(STATUS, run=run_id)["status"] in ended, pause=0.5)
        return self.ask(RUN, run=run_id)

    def partitions(self, asset: dict[str, list[str]]) -> Any:
        """An asset's partitions and which of them are shown as materialized."""
        return self.ask(PARTITIONS, asset=asset)

    def months(self) -> Any:
        """The closed months' partitions and which of them are shown as materialized."""
        return self.partitions(CLOSED)
