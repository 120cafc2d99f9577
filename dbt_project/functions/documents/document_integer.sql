select
    case
        when {{ function('document_text') }}($1) ~ '^\s*[+-]?[0-9]{1,18}\s*$' then ({{ function('document_text') }}($1))::bigint
        when
            {{ function('document_number') }}($1) = trunc({{ function('document_number') }}($1))
            and {{ function('document_number') }}($1) between -9223372036854775808 and 9223372036854775807
            then {{ function('document_number') }}($1)::bigint
    end
