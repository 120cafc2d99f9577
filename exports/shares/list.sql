-- Links with their openings, the newest first: one by number or hash, those of a result, or all.
select
    share.share_id,
    share.result_id,
    coalesce(result.report, pruned.report) as report,
    share.shared_by,
    share.role,
    share.company_id,
    share.created_at,
    share.expires_at,
    share.revoked_at,
    share.revoked_by,
    opened.opening_count,
    opened.last_opened_at
from app.shares as share
left join app.report_results as result on share.result_id = result.result_id
left join app.pruned_results as pruned on share.result_id = pruned.result_id
cross join lateral (
    select
        count(*) as opening_count,
        max(opening.opened_at) as last_opened_at
    from app.share_openings as opening
    where opening.share_id = share.share_id
) as opened
where
    (%(share_id)s::bigint is null or share.share_id = %(share_id)s)
    and (%(link_sha256)s::text is null or share.link_sha256 = %(link_sha256)s)
    and (%(result_id)s::text is null or share.result_id = %(result_id)s)
order by share.created_at desc, share.share_id desc
