-- SPDX-License-Identifier: GPL-2.0-or-later
-- ARGV[2] records from number ARGV[1] on, as an application keeps them: JSON
-- of 1.6 KB with names, numbers, sentences, and tokens that nothing
-- compresses.  redis's math.random is its own: all guests get the same.
local first, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local words = {}
for word in ([[account balance carrier deliver express freight general handled
invoice journal keyword ledger monthly network ordered payment quality receipt
storage tracked updated voucher waiting annual zones pending shipped closed
open return partner the a of to with from before after by for at until
customer asked again about late early wrong missing second third parcel
broken glass box label street office manager signed refused weight paper
copper blue green small large heavy]]):gmatch('%S+') do
    words[#words + 1] = word
end
local cities = {'Aachen', 'Bergen', 'Cork', 'Dijon', 'Essen', 'Faro', 'Gent',
    'Haarlem', 'Izmir', 'Jena', 'Kiel', 'Lille', 'Malaga', 'Nantes', 'Oslo',
    'Porto'}
local random, format, sha1hex = math.random, string.format, redis.sha1hex
math.randomseed(first + 1)

-- Under emulation a record made word by word takes a millisecond: its parts
-- are made once a batch, and put together by `..`, which alone copies faster
-- than character by character.
local parts = 1000
local people, orders, notes = {}, {}, {}
for n = 1, parts do
    local name, some = words[random(#words)], {}
    people[n] = format('"name":"%s %s","mail":"%s.%d@example.com",' ..
        '"city":"%s","postcode":"%05d","phone":"+49 %d %07d","token":"',
        words[random(#words)], name, name, random(9999),
        cities[random(#cities)], random(99999), random(999), random(9999999))
    orders[n] = format('{"id":%d,"at":%d,"article":%d,"count":%d,"cent":%d}',
        random(9999999), 1750000000 + random(9999999), random(99999),
        random(9), random(99999))
    for k = 1, 14 do
        some[k] = words[random(#words)]
    end
    notes[n] = '"' .. table.concat(some, ' ') .. '"'
end

local function order()
    return orders[random(parts)]
end
local function note()
    return notes[random(parts)]
end
for id = first, first + count - 1 do
    redis.call('SET', 'customer:' .. id, '{"id":' .. id .. ',' ..
        people[random(parts)] .. sha1hex(id) .. '","key":"' ..
        sha1hex(-id - 1) .. '","orders":[' .. order() .. ',' .. order() ..
        ',' .. order() .. ',' .. order() .. ',' .. order() .. ',' ..
        order() .. '],"notes":[' .. note() .. ',' .. note() .. ',' ..
        note() .. ',' .. note() .. ',' .. note() .. ',' .. note() .. ',' ..
        note() .. ',' .. note() .. ',' .. note() .. ',' .. note() .. ']}')
end
return count
