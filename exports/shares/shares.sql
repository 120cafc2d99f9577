-- name: create
-- A new link; refused by the database where the result is not there.
insert into app.shares (link_sha256, result_id, shared_by, role, company_id, created_at, expires_at)
values (
    %(link_sha256)s, %(result_id)s, %(shared_by)s, %(role)s, %(company_id)s, %(now)s, %(expires_at)s
)
returning share_id;

-- name: record_opening
insert into app.share_openings (share_id, opened_at, opened_by, opened_through)
values (%(share_id)s, %(now)s, %(opened_by)s, %(opened_through)s);

-- name: revoke
update app.shares
set revoked_at = %(now)s, revoked_by = %(revoked_by)s
where share_id = %(share_id)s and revoked_at is null;

-- name: find
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
order by share.created_at desc, share.share_id desc;

-- name: find_generated_by_company
select result.result_id
from app.report_results as result
where result.result_id = %(result_id)s and result.company_id = %(company_id)s;

-- name: find_generated_in_branch
-- The result, if it was generated within the branch of the company.
select result.result_id
from app.report_results as result
where
    result.result_id = %(result_id)s
    and exists (
        select from marts.dim_company as company
        where company.company_id = result.company_id and %(company_id)s::bigint = any(company.path)
    );
