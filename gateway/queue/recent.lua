#!lua
-- recent is recentmemory.go for Redis; the contract test keeps them equal.
--
-- KEYS  1 sorted set: ids that are used, by the moment they are free again  2 sorted set: ids that are held, likewise
-- ARGV  1 now, empty for the clock of Redis  2 claim, confirm or forget  3 id  4 how long it is held, or used
--       5 ids in use at most
-- Returns 1, or 0 for a refusal, and the number of ids that were forgotten before their time. Times are milliseconds.
-- The expiry of keys only cleans up.
local USED, HELD, id, lasts = KEYS[1], KEYS[2], ARGV[3], tonumber(ARGV[4])
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
redis.call('ZREMRANGEBYSCORE', USED, '-inf', now)
redis.call('ZREMRANGEBYSCORE', HELD, '-inf', now)

if ARGV[2] == 'forget' then
  redis.call('ZREM', HELD, id)
  return {1, 0}
end
local into, evicted = HELD, 0
if ARGV[2] == 'claim' then
  if redis.call('ZSCORE', USED, id) or redis.call('ZSCORE', HELD, id) then return {0, 0} end
else
  if redis.call('ZREM', HELD, id) == 0 then return {0, 0} end
  into = USED
  evicted = redis.call('ZREMRANGEBYRANK', USED, 0, -tonumber(ARGV[5]))
end
redis.call('ZADD', into, string.format('%.0f', now + lasts), id)
if redis.call('PTTL', into) < lasts + 60000 then redis.call('PEXPIRE', into, lasts + 60000) end
return {1, evicted}
