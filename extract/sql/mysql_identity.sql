show global variables where variable_name in ('server_uuid', 'server_uid')
