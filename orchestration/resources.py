"""What the assets are given: plain objects, so that no password becomes part of a run's config."""

import dagster as dg

from orchestration.settings import Settings

# Assets ask for `settings: SettingsResource`; the UI shows the resource's name and nothing of what it holds.
SettingsResource = dg.ResourceParam[Settings]


def build_resources(settings: Settings) -> dict[str, object]:
    """The resources by the name under which assets, checks and sensors ask for them."""
    return {"settings": settings}
