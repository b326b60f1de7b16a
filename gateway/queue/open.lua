-- ARGV  3 id  4 service  5 lifetime  6 bytes to hold  7 entries at most  8 bytes at most  9 the answer of a lost job
-- Returns 1, or 0 when there is no room.
local id, held, lifetime = ARGV[3], tonumber(ARGV[6]), tonumber(ARGV[5])
if redis.call('HLEN', ENTRY) >= tonumber(ARGV[7]) or bytes + held > tonumber(ARGV[8]) then return finish({0}) end
bytes, changed = bytes + held, true
write(id, {service = ARGV[4], opened = now, ends = now + lifetime, bytes = held, number = 0, expires = 0, lost = 0})
redis.call('HSET', ANSWER, id, ARGV[9])
redis.call('ZADD', RUNNING, string.format('%.0f', now + lifetime), id)
return finish({1}, lifetime)
