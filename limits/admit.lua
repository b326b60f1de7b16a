-- admit decides about one call and, if it is admitted, counts it and takes its slot. It is decide of rule.go and the
-- ledger of ledger.go; the differential test keeps them equal.
--
-- KEYS  1 hash: last (moment of the last decision), 0 and 1 (calls of the window by regime)
--       2 list: the buckets of the window, oldest first, each "index calls calls"
--       3 sorted set: the slots taken, by the moment they expire
-- ARGV  1 now, empty for the clock of Redis  2 regime  3, 4 quota by regime  5 concurrent  6 lifetime  7 slot
-- Returns verdict, calls by regime, running, reset, wait by regime. Times are milliseconds.
--
-- Nothing rests on the expiry of keys, it only cleans up. Everything is read before anything is written and the first
-- write is one that a full Redis refuses, so a decision is written whole or not at all.
local BUCKET, LIVE = 10000, 361
local ADMITTED, OVER_QUOTA, OVER_CONCURRENCY = 0, 1, 2
local regime = tonumber(ARGV[2])
local quota = {[0] = tonumber(ARGV[3]), [1] = tonumber(ARGV[4])}

-- A clock that steps back (a failover to a slow host) finds the window as it was and stands still until it has caught
-- up. A clock that steps forward empties the window early: from here that cannot be told from time passing.
local known = redis.call('HMGET', KEYS[1], 'last', '0', '1')
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
now = math.max(now, tonumber(known[1] or 0))
local calls = {[0] = tonumber(known[2] or 0), [1] = tonumber(known[3] or 0)}

local function bucket(at)
  local text = redis.call('LINDEX', KEYS[2], at)
  if not text then return nil end
  local index, working, off = string.match(text, '(%d+) (%d+) (%d+)')
  return {index = tonumber(index), leaves = (index + LIVE) * BUCKET, [0] = tonumber(working), [1] = tonumber(off)}
end

local function without(counts, b)
  return {[0] = counts[0] - b[0], [1] = counts[1] - b[1]}
end

local function room(counts, r)
  local most = quota[r]
  for other = 0, 1 do
    if counts[other] > 0 then most = math.max(most, quota[other]) end
  end
  return math.min(quota[r] - counts[r], most - counts[0] - counts[1])
end

local gone = 0
local oldest = bucket(0)
while oldest and oldest.leaves <= now do
  calls = without(calls, oldest)
  gone = gone + 1
  oldest = bucket(gone)
end
local running = redis.call('ZCOUNT', KEYS[3], '(' .. now, '+inf')

local verdict = ADMITTED
if room(calls, regime) <= 0 then
  verdict = OVER_QUOTA
elseif running >= tonumber(ARGV[5]) then
  verdict = OVER_CONCURRENCY
end

local function wait(r)
  local left, at, longest = calls, gone, 0
  while room(left, r) <= 0 do
    local b = bucket(at)
    if not b then break end
    left = without(left, b)
    longest = b.leaves - now
    at = at + 1
  end
  return longest
end
local waits = {[0] = 0, [1] = 0}
if verdict == OVER_QUOTA then
  waits = {[0] = wait(0), [1] = wait(1)}
end

local newest
if verdict == ADMITTED then
  calls[regime] = calls[regime] + 1
  running = running + 1
  newest = bucket(-1)
end
if verdict == ADMITTED or known[1] then
  redis.call('HSET', KEYS[1], 'last', now, '0', calls[0], '1', calls[1])
  if gone > 0 then redis.call('LTRIM', KEYS[2], gone, -1) end
end
if verdict == ADMITTED then
  local current = math.floor(now / BUCKET)
  local fresh = not newest or newest.index ~= current
  if fresh then newest = {index = current, [0] = 0, [1] = 0} end
  newest[regime] = newest[regime] + 1
  local text = newest.index .. ' ' .. newest[0] .. ' ' .. newest[1]
  if fresh then
    redis.call('RPUSH', KEYS[2], text)
    redis.call('PEXPIRE', KEYS[1], (LIVE + 2) * BUCKET)
    redis.call('PEXPIRE', KEYS[2], (LIVE + 2) * BUCKET)
    oldest = oldest or {leaves = (current + LIVE) * BUCKET}
  else
    redis.call('LSET', KEYS[2], -1, text)
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
  redis.call('ZADD', KEYS[3], now + ARGV[6], ARGV[7])
  local keep = ARGV[6] + BUCKET
  if redis.call('PTTL', KEYS[3]) < keep then redis.call('PEXPIRE', KEYS[3], keep) end
end
local reset = oldest and oldest.leaves - now or 0
return {verdict, calls[0], calls[1], running, reset, waits[0], waits[1]}
