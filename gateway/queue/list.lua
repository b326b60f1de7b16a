-- ARGV  3 the lowest number  4 the earliest making  5 answers in a page
-- Returns id, service, number, made and expires of each answer of the page, and of the one after it.
local since, most, values, at, more = tonumber(ARGV[4]), tonumber(ARGV[5]), {}, 0, true
while more and #values < (most + 1) * 5 do
  local ids = redis.call('ZRANGEBYSCORE', READY, ARGV[3], '+inf', 'LIMIT', at, most + 1)
  at, more = at + #ids, #ids > 0
  for _, id in ipairs(ids) do
    local e = entry(id)
    if e.ends >= since and #values < (most + 1) * 5 then
      for _, word in ipairs({id, e.service, e.number, e.ends, e.expires}) do values[#values + 1] = word end
    end
  end
end
return finish(values)
