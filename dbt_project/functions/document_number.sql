select
    case
        when
            btrim({{ function('document_text').include(database=false) }}($1))
            ~ '^[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?$'
            then btrim({{ function('document_text').include(database=false) }}($1))::numeric
    end
