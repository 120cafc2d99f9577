select
    'online_sessions' as collection,
    unreadable.session_id as document_id,
    unreadable.unreadable_reason as reason,
    raw.document
from {{ ref('base_middleware__online_sessions') }} as unreadable
inner join {{ source('middleware', 'online_sessions') }} as raw on unreadable.session_id = raw._id
where unreadable.unreadable_reason is not null

union all

select
    'account_activity' as collection,
    unreadable.activity_id as document_id,
    unreadable.unreadable_reason as reason,
    raw.document
from {{ ref('base_middleware__account_activity') }} as unreadable
inner join {{ source('middleware', 'account_activity') }} as raw on unreadable.activity_id = raw._id
where unreadable.unreadable_reason is not null

union all

select
    'daily_statistics' as collection,
    unreadable.statistics_id as document_id,
    unreadable.unreadable_reason as reason,
    raw.document
from {{ ref('base_middleware__daily_statistics') }} as unreadable
inner join {{ source('middleware', 'daily_statistics') }} as raw on unreadable.statistics_id = raw._id
where unreadable.unreadable_reason is not null
