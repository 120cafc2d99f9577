"""When the jobs run by themselves: in UTC, never two runs of one job at a time."""

from collections.abc import Iterable

import dagster as dg

from orchestration.compatibility import AssetJob
from orchestration.partitions import add_months, last_complete_month
from orchestration.runs import IN_PROGRESS

CRON = {"hourly": "5 * * * *", "nightly": "30 1 * * *", "monthly_close": "15 3 2 * *"}


def build_schedules(jobs: Iterable[AssetJob], *, running: bool) -> list[dg.ScheduleDefinition]:
    """A schedule for each job that has a time; `running` says whether they are on from the start.

    They are on for one's own databases and off for the demo operator, where nothing happens by itself.
    """
    status = dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED
    return [_schedule(job, CRON[job.name], status) for job in jobs if job.name in CRON]


def _schedule(job: AssetJob, cron: str, status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=job.name,
        job=job,
        cron_schedule=cron,
        default_status=status,
        execution_timezone="UTC",
        description=f"Starts {job.name}, unless the last one is still running.",
    )
    def start(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        running = dg.RunsFilter(job_name=job.name, statuses=IN_PROGRESS)
        if context.instance.get_runs(running, limit=1):
            return dg.SkipReason(f"the last run of {job.name} has not ended")
        if job.name == "monthly_close":
            month = last_complete_month(context.scheduled_execution_time)
            add_months(context.instance, [month])
            return dg.RunRequest(partition_key=month)
        return dg.RunRequest()

    return start
