-- ARGV  3 id  4 answer
-- Returns 1, or 0 when the job is gone. A second answer is dropped: the reply to the first may have come too late.
local id = ARGV[3]
local e = entry(id)
if not e or e.lost == 1 then return finish({0}) end
if e.number == 0 then
  changed = true
  redis.call('HSET', ANSWER, id, ARGV[4])
  settle(id, e, now)
end
return finish({1})
