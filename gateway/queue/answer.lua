-- ARGV  3 id
-- Returns the state, how long a job has run, the answer, and whether it is that of a lost job.
local e = entry(ARGV[3])
if not e then return finish({0, 0, '', 0}) end
if e.number == 0 then return finish({1, now - e.opened, '', 0}) end
return finish({2, 0, redis.call('HGET', ANSWER, ARGV[3]), e.lost})
