select
    case
        when {{ function('document_text').include(database=false) }}($1) ~ '^\s*[+-]?[0-9]{1,18}\s*$' then ({{ function('document_text').include(database=false) }}($1))::bigint
        when
            {{ function('document_number').include(database=false) }}($1) = trunc({{ function('document_number').include(database=false) }}($1))
            and {{ function('document_number').include(database=false) }}($1) between -9223372036854775808 and 9223372036854775807
            then {{ function('document_number').include(database=false) }}($1)::bigint
    end
