-- ARGV  3 id  4 answer
-- Says 1, or 0 when the job is gone. Done twice is done once: an answer of the first time may have been late.
local id = ARGV[3]
local e = entry(id)
if not e or e.lost == 1 then return finish({0}) end
if e.number == 0 then
  changed = true
  redis.call('HSET', ANSWER, id, ARGV[4])
  settle(id, e, now)
end
return finish({1})
