-- Every script of the queue of an AIS begins with this text; memory.go is the same in Go, and the contract test keeps
-- them equal.
--
-- KEYS  1 hash: number (of the last answer), last (the latest moment), bytes (held)
--       2 sorted set: jobs that run, by the moment when they are lost
--       3 sorted set: answers, by number
--       4 sorted set: answers, by the moment when they expire
--       5 hash: the fields of each entry, "service opened ends bytes number expires lost" as in Go
--       6 hash: answers; of a job that runs, the one it leaves if it is lost
-- ARGV  1 now, empty for the clock of Redis  2 how long an answer is kept
-- Times are milliseconds. Every script returns its own values, then the numbers of entries, expired and lost.
--
-- A full Redis refuses a script that may make it grow, as a whole, and runs the others: so each script runs whole or
-- not at all. The expiry of keys only cleans up after an AIS that sends no more requests.
local META, RUNNING, READY, EXPIRY, ENTRY, ANSWER = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local known = redis.call('HMGET', META, 'number', 'last', 'bytes')
local number, bytes = tonumber(known[1] or 0), tonumber(known[3] or 0)
local now, keep = tonumber(ARGV[1]), tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
now = math.max(now, tonumber(known[2] or 0))

local function entry(id)
  local text = redis.call('HGET', ENTRY, id)
  if not text then return nil end
  local service, opened, ends, size, number, expires, lost =
    string.match(text, '^(%S+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d)$')
  return {service = service, opened = tonumber(opened), ends = tonumber(ends), bytes = tonumber(size),
    number = tonumber(number), expires = tonumber(expires), lost = tonumber(lost)}
end

local function write(id, e)
  redis.call('HSET', ENTRY, id,
    string.format('%s %.0f %.0f %.0f %.0f %.0f %.0f', e.service, e.opened, e.ends, e.bytes, e.number, e.expires, e.lost))
end

local function settle(id, e, made)
  number = math.max(number + 1, made)
  local size = redis.call('HSTRLEN', ANSWER, id)
  bytes = bytes + size - e.bytes
  e.number, e.ends, e.expires, e.bytes = number, made, made + keep, size
  write(id, e)
  redis.call('ZREM', RUNNING, id)
  redis.call('ZADD', READY, string.format('%.0f', e.number), id)
  redis.call('ZADD', EXPIRY, string.format('%.0f', e.expires), id)
end

local function remove(id)
  local e = entry(id)
  if not e then return end
  bytes = bytes - e.bytes
  redis.call('HDEL', ENTRY, id)
  redis.call('HDEL', ANSWER, id)
  redis.call('ZREM', RUNNING, id)
  redis.call('ZREM', READY, id)
  redis.call('ZREM', EXPIRY, id)
end

-- First jobs are lost, then answers expire: see sweep in Go.
local expired, lost, changed = 0, 0, false
for _, id in ipairs(redis.call('ZRANGEBYSCORE', RUNNING, '-inf', now)) do
  local e = entry(id)
  e.lost = 1
  settle(id, e, e.ends)
  lost, changed = lost + 1, true
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', now)) do
  remove(id)
  expired, changed = expired + 1, true
end

-- finish writes the changes and returns the values of the script. The keys live longer than any entry in them.
local function finish(values, lifetime)
  if changed then
    redis.call('HSET', META, 'number', string.format('%.0f', number), 'last', string.format('%.0f', now),
      'bytes', string.format('%.0f', bytes))
    local horizon = (lifetime or 0) + keep + 60000
    for _, key in ipairs(KEYS) do
      if redis.call('PTTL', key) < horizon then redis.call('PEXPIRE', key, horizon) end
    end
  end
  values[#values + 1] = redis.call('HLEN', ENTRY)
  values[#values + 1] = expired
  values[#values + 1] = lost
  return values
end
