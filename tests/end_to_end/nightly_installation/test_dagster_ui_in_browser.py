"""The Dagster UI of a started `subdyn up`, seen and clicked in Chromium; nothing in it may be red."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from tests.support.dagster_ui import Ui

CHROMIUM = Path(os.environ.get("SUBDYN_TEST_CHROMIUM", "/usr/bin/chromium"))
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
RAW = "/assets/raw/platform/subscribers"
GROUPS = (
    "raw_billing",
    "raw_platform",
    "raw_middleware",
    "staging_billing",
    "marts_core",
    "closed",
    "reports",
)
RED = re.compile(r"^(Failed|Failure|Errored|Error|Not loaded|Python ?Error|.*[Uu]nexpected error.*)$")
CLOSED = "/assets/closed/subscriber_metrics_monthly"
# how long a run may take on a busy machine, in milliseconds
PATIENCE_MS = 240_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; where it is absent, a build fails and others skip."""
    if not CHROMIUM.exists():
        reason = f"no Chromium at {CHROMIUM} (SUBDYN_TEST_CHROMIUM)"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, ui: Ui, tmp_path: Path) -> Iterator[Page]:
    """A page of the UI; neither an exception, an error of its console nor a refused request may come up."""
    context = browser.new_context(base_url=ui.url, viewport={"width": 1500, "height": 950})
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    message: list[str] = []
    opened.on("pageerror", lambda error: message.append(str(error)))
    opened.on("console", lambda line: message.append(line.text) if line.type == "error" else None)
    opened.on("response", lambda answer: message.append(answer.url) if answer.status >= 400 else None)
    yield opened
    # kept with the test's files, to be looked at where it failed
    opened.screenshot(path=tmp_path / "page.png")
    context.close()
    assert message == []


def launched(page: Page, click: Callable[[], None]) -> str:
    """The id of the run that a click starts."""

    def launches(answer: Response) -> bool:
        return "op=LaunchPipelineExecution" in answer.url

    with page.expect_response(launches, timeout=PATIENCE_MS) as answer:
        click()
    (result,) = answer.value.json()["data"].values()
    assert "run" in result, result
    return result["run"]["id"]


def succeeds(page: Page, ui: Ui, run_id: str) -> None:
    """Assert that the page of the run says so in the end, without a step that failed."""
    # a page of a run that goes on draws all the time, on the processors that the run needs
    page.goto("about:blank")
    ui.ended(run_id)
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_text("Success", exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Errored (0)")).to_be_visible()
    expect_nothing_red(page)


def expect_nothing_red(page: Page) -> None:
    """Assert that the page shows no failure and no message of an error."""
    expect(page.get_by_text(RED).filter(visible=True)).to_have_count(0)
    expect(page.locator("[role=alert] [class*=intent-danger]")).to_have_count(0)


def test_the_code_location_is_loaded_and_the_graph_has_its_groups_and_assets(page: Page) -> None:
    page.goto("/deployment/locations")
    expect(page.get_by_role("link", name="subscriber_dynamics").first).to_be_visible()
    expect(page.get_by_text("Loaded", exact=True)).to_be_visible()
    expect_nothing_red(page)

    page.goto("/asset-groups")
    for group in GROUPS:
        expect(page.get_by_text(group, exact=True).first).to_be_visible()
    # the node in the graph comes after the line of the list
    page.get_by_text("raw_platform", exact=True).last.click()
    expect(page.get_by_text("logons", exact=True).last).to_be_visible()
    expect_nothing_red(page)


def test_an_asset_is_materialized_and_its_check_says_what_it_checked(page: Page, ui: Ui) -> None:
    page.goto(RAW)
    run_id = launched(page, page.get_by_role("button", name="Materialize", exact=False).first.click)
    succeeds(page, ui, run_id)

    page.goto(RAW)
    expect(page.get_by_text("Latest materialization")).to_be_visible()
    expect_nothing_red(page)
    page.get_by_role("tab", name="Checks").click()
    expect(page.get_by_text("As many rows as the source holds")).to_be_visible()
    expect(page.get_by_text("4 rows in raw, 4 in the source").first).to_be_visible()
    expect_nothing_red(page)


def test_nightly_is_launched_from_its_page_and_its_checks_pass(page: Page, ui: Ui) -> None:
    page.goto("/locations/subscriber_dynamics/jobs/nightly")
    page.get_by_role("button", name="Materialize all", exact=False).first.click()
    run_id = launched(page, page.get_by_role("button", name="Materialize", exact=False).last.click)
    succeeds(page, ui, run_id)


def test_two_closed_months_are_backfilled(page: Page) -> None:
    page.goto(CLOSED)
    page.get_by_role("button", name="Materialize", exact=False).first.click()
    page.get_by_text("Select a partition or create one").click()
    for month in ("2026-01", "2026-02"):
        page.get_by_role("menuitem", name=month).click()
    page.keyboard.press("Escape")
    launch = page.get_by_role("dialog").get_by_role("button", name="Launch backfill")
    with page.expect_response(lambda answer: "op=LaunchPartitionBackfill" in answer.url) as answer:
        launch.click()
    backfill = answer.value.json()["data"]["launchPartitionBackfill"]["backfillId"]

    page.goto(f"/runs/b/{backfill}")
    expect(page.get_by_text("Succeeded", exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("100% completed")).to_be_visible(timeout=PATIENCE_MS)
    page.goto(f"{CLOSED}?view=partitions")
    expect(page.get_by_text("2026-02", exact=True).filter(visible=True).first).to_be_visible()
    expect(page.get_by_text("Latest failed materialization").filter(visible=True)).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/jobs", "monthly_close"), ("/automation", "killed_runs"), ("/deployment/daemons", "Run queue")],
)
def test_nothing_is_red_on_the_page_of(page: Page, path: str, shown: str) -> None:
    page.goto(path)
    expect(page.get_by_text(shown).filter(visible=True).first).to_be_visible()
    expect_nothing_red(page)
