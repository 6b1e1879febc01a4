-- SPDX-License-Identifier: GPL-2.0-or-later
local time = redis.call('TIME')
return 'REDIS us=' .. time[1] .. string.format('%06d', time[2]) ..
    redis.call('INFO', 'stats'):gsub(
        '.*total_commands_processed:(%d+).*', ' commands=%1')
