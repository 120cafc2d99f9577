{#
  The zones of the IANA database that the server knows, one row per spelling folded to lower case: what a source calls a
  zone is looked up here, in staging alone. What PostgreSQL would take besides (`UTC+3`, read as POSIX does, three hours
  west; abbreviations) is not here; nor is what a system keeps beside the zones, in lower case (`posix/...`), or Factory.
#}
{% macro iana_time_zones() -%}
    (
        select
            lower(known.name) as spelling,
            min(known.name) as name
        from pg_timezone_names as known
        where known.name ~ '^[A-Z]' and known.name != 'Factory'
        group by lower(known.name)
    )
{%- endmacro %}
