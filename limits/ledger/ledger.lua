-- The ledger, version 2: it grants permits of the rolling hour and slots to gateways, for all
-- callers of one shard that need something at once. ledger.go has the rules and their proof,
-- protocol.go the fields; the model of the tests is the same rules in Go.
--
-- KEYS  1 string: the shard; then for each entry a string, the account, and a list, its buckets
--       "leaves working off"
-- ARGV  1 JSON: the request of protocol.go
-- Returns {now, epoch, learning, gateways, guide, taken, tick}, and for each entry {permits, leaves,
-- slots, others, room, reset, working, off, wait, wait, made, calls, ends, forgotten}; nothing for a
-- request that came after a later one. An operator's request neither moves ledger time nor makes a
-- gateway known, and gets what inspect returns. Times are milliseconds.
--
-- Keys expire only to clean up; no rule rests on it. A full Redis refuses the first write.
local WINDOW, LEASE, MARGIN, HEARTBEAT, LEARN = 3600000, 10000, 5000, 1000, 12000
local BUCKET, SMALL, SMALL_QUOTA, KEEP = 10000, 1000, 500, 7200000
local request = cjson.decode(ARGV[1])

local function load(key)
  local text = redis.call('GET', key)
  return text and cjson.decode(text)
end

-- clock is that of Redis, in milliseconds. Nothing else tells this script the time.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- fence is whose memory this is: it changes when a server starts and when a replica becomes master.
local function fence()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') ..
    string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end

-- Memory of another server, lost memory, or memory older than what a gateway has seen is not
-- trusted until all gateways have replayed. A ledger that no gateway has seen is new.
local raw = clock()
local mark = fence()
local shard = load(KEYS[1])
local lost = not shard or shard.fence ~= mark or request.epoch > shard.epoch
shard = shard or {epoch = 0, gateways = {}, fresh = true, open = 0}
local me = shard.gateways[request.gateway]
if me and request.seq <= me.seq then return {} end

local newest, learn = math.max(shard.epoch, request.epoch), LEARN
if newest == 0 then learn = request.trust and 0 or 2 * HEARTBEAT end
-- No two lives of a ledger have the same epoch.
if lost then shard.epoch, shard.fence = math.max(newest + 1, raw), mark end

-- Ledger time never goes back, and is not later than the clock of the gateway that moves it allows.
-- So neither a step of the host's clock, forth or back, nor another host ends the hour early. A
-- gateway moves it that has seen it before, or that is alone in not knowing it. A ledger that lost
-- its time takes it from the gateways that have seen it; the slowest of them is right.
local now = shard.last or raw
if not request.operator and (request.bound or request.alone) then
  now = raw + (shard.off or (request.bound or raw) - raw)
  if request.bound then now = math.min(math.max(now, request.least), request.bound) end
  if not (shard.fresh and (lost or now < shard.open)) then now = math.max(now, shard.last or now) end
  shard.off, shard.last = now - raw, now
end
if lost then shard.open = now + learn end
shard.open = math.min(shard.open, now + LEARN)

-- A gateway that has yet to replay what it knows keeps the ledger shut, until it has, or was silent
-- for as long as the ledger learns.
local gateways, guide, untold = 0, 0, false
if not request.operator then
  shard.gateways[request.gateway] =
    {seq = request.seq, at = now, telling = request.telling, settled = request.settled}
end
for id, other in pairs(shard.gateways) do
  if other.at > now - 5 * HEARTBEAT then
    gateways = gateways + 1
    if other.settled and id ~= request.gateway then guide = math.max(guide, other.at) end
  elseif other.at <= now - 60 * HEARTBEAT then
    shard.gateways[id] = nil
  end
  untold = untold or (other.telling and other.at > now - LEARN)
end
if request.leave then shard.gateways[request.gateway] = nil end

local learning = now < shard.open or untold or (lost and request.operator) or false
local shut = learning -- for every gateway
if not learning and shard.last then shard.fresh = nil end
learning = learning or not request.settled

-- adopt notes the policy of a gateway, and returns when it was taken on and whether a newer one
-- was. Policies are in the order in which running gateways took them on; a gateway that starts
-- with a known one does not make it newer. A gateway repeats what it has heard, so that the order
-- outlives a ledger. A policy that no gateway has had for an hour is dropped.
local function adopt()
  shard.policies = shard.policies or {}
  local newest = 0
  for name, policy in pairs(shard.policies) do
    if policy.seen <= now - WINDOW then shard.policies[name] = nil
    else newest = math.max(newest, policy.taken) end
  end
  local known = shard.policies[request.policy]
  local taken = math.max(known and known.taken or 0, request.taken or 0)
  if request.adopts or taken == 0 then taken = math.max(now, newest + 1) end
  shard.policies[request.policy] = {taken = taken, seen = now}
  return taken, taken < newest
end

-- No two answers have the same tick, even while ledger time stands still.
local tick, taken, behind = math.max(now, (shard.tick or 0) + 1), 0, false
if not request.operator then
  taken, behind = adopt()
  shard.tick = tick
  redis.call('SET', KEYS[1], cjson.encode(shard))
end

local list, account -- of the entry at hand
local function read(text)
  local leaves, working, off = string.match(text, '(%S+) (%S+) (%S+)')
  return {text = text, leaves = tonumber(leaves), tonumber(working), tonumber(off)}
end

local function write(leaves, calls) return string.format('%.0f %.0f %.0f', leaves, calls[1], calls[2]) end
local function bucket(at)
  local text = redis.call('LINDEX', list, at)
  return text and read(text)
end

local function less(counts, calls) return {counts[1] - calls[1], counts[2] - calls[2]} end
local function plus(counts, calls) return {counts[1] + calls[1], counts[2] + calls[2]} end
local function only(regime, calls) return regime == 1 and {calls, 0} or {0, calls} end

-- charge counts calls until a moment; negative ones are given back.
local function charge(leaves, calls)
  account.calls = plus(account.calls, calls)
  local at, newest = -1, bucket(-1)
  local b = newest
  while b and b.leaves > leaves do at, b = at - 1, bucket(at - 1) end
  local found = b and b.leaves == leaves
  if found then calls = plus(calls, b) end
  local text = write(leaves, calls)
  if found and calls[1] + calls[2] == 0 then redis.call('LREM', list, -1, b.text)
  elseif found then redis.call('LSET', list, at, text)
  elseif b == newest then redis.call('RPUSH', list, text)
  elseif b then redis.call('LINSERT', list, 'AFTER', b.text, text)
  else redis.call('LPUSH', list, text) end
end

-- merge counts the calls of many moments, ascending, in one pass over the list.
local function merge(added)
  local texts, at = {}, 1
  local function put(b) if b[1] + b[2] ~= 0 then table.insert(texts, write(b.leaves, b)) end end
  for _, text in ipairs(redis.call('LRANGE', list, 0, -1)) do
    local b = read(text)
    while added[at] and added[at].leaves < b.leaves do put(added[at]); at = at + 1 end
    if added[at] and added[at].leaves == b.leaves then
      b[1], b[2] = b[1] + added[at][1], b[2] + added[at][2]
      at = at + 1
    end
    put(b)
  end
  for i = at, #added do put(added[i]) end
  for _, b in ipairs(added) do account.calls = plus(account.calls, b) end
  redis.call('DEL', list)
  for i = 1, #texts, 1000 do redis.call('RPUSH', list, unpack(texts, i, math.min(i + 999, #texts))) end
end

-- past is what the ledger may have forgotten: the last count that was seen, and what left it since.
local function past()
  if not account.past or account.past.epoch ~= shard.epoch then
    account.past = {epoch = shard.epoch, gone = {0, 0}}
  end
  return account.past
end

local function depart(calls)
  if account.past then account.past.gone = plus(account.past.gone, calls) end
end

local function sweep()
  local gone, b = 0, bucket(0)
  local seen = account.past and account.past.seen
  while b and b.leaves <= now do
    account.calls = less(account.calls, b)
    if seen and b.leaves > seen[3] then depart(b) end
    gone, b = gone + 1, bucket(gone + 1)
  end
  if gone > 0 then redis.call('LTRIM', list, gone, -1) end
end

local function room(calls, rule, r)
  local most = rule[r]
  for other = 1, 2 do
    if calls[other] > 0 then most = math.max(most, rule[other]) end
  end
  return math.min(rule[r] - calls[r], most - calls[1] - calls[2])
end

-- raised is a rule with the extra calls for a permit granted at a moment: they end with its lease.
local function raised(rule, moment)
  local extra = account.extra
  if not extra or moment + LEASE > extra.ends then return rule end
  return {rule[1] + extra.calls, rule[2] + extra.calls, rule[3]}
end

local function wait(rule, r)
  local left, at, longest = account.calls, 0, 0
  while room(left, raised(rule, now + longest), r) <= 0 do
    local b = bucket(at)
    if not b then break end
    left, longest, at = less(left, b), b.leaves - now, at + 1
  end
  return longest
end

-- latest is when a permit granted now leaves the count: it may be used until its lease ends.
local function latest(quota)
  local grain = quota <= SMALL_QUOTA and SMALL or BUCKET
  return (math.floor((now + LEASE) / grain) + 1) * grain + WINDOW + MARGIN
end

-- settle closes a lease, once: the permits that it left unused are given back, the others were
-- used. An unused of -1 is all, for an answer that never arrived. A ledger that forgot the lease
-- has not counted it, but a gateway may have seen it counted.
local function settle(holder, back)
  local seq, unused = tostring(back[1]), back[2]
  local lease = holder.leases[seq]
  holder.leases[seq] = nil
  if not lease then return depart(only(back[3] + 1, math.max(0, unused))) end
  unused = unused < 0 and lease.permits or math.min(unused, lease.permits)
  holder.net[lease.regime] = holder.net[lease.regime] + lease.permits - unused
  if lease.void or lease.leaves <= now or unused == 0 then return end
  charge(lease.leaves, only(lease.regime, -unused))
  depart(only(lease.regime, unused))
end

-- replay has the count hold what the gateway knows of: its open leases, by their numbers, and of
-- the permits used in all others the newest that are missing here. A lease that is open here and
-- not there was closed, or its answer never arrived; either way net has what was used of it. The
-- gateway counts net since it was born, and begins anew when nothing of the hour is left.
local function replay(holder, entry)
  local open = {}
  for _, l in ipairs(entry.leases or {}) do open[tostring(l[1])] = {permits = l[2], leaves = l[3], regime = l[4] + 1} end
  for seq, lease in pairs(holder.leases) do
    if not open[seq] then
      if not lease.void and lease.leaves > now then charge(lease.leaves, only(lease.regime, -lease.permits)) end
      holder.leases[seq] = nil
    end
  end
  for seq, lease in pairs(open) do
    if not holder.leases[seq] then
      if lease.leaves > now then charge(lease.leaves, only(lease.regime, lease.permits)) end
      holder.leases[seq] = lease
    end
  end
  if holder.born ~= entry.born then holder.born, holder.net = entry.born, {0, 0} end
  local journal, missing = entry.journal or {}, {}
  for i = #journal, 1, -1 do
    local calls = {leaves = journal[i][1]}
    for r = 1, 2 do calls[r] = math.max(0, math.min(journal[i][r + 1], entry.net[r] - holder.net[r])) end
    holder.net = plus(holder.net, calls)
    if calls.leaves > now and calls[1] + calls[2] > 0 then table.insert(missing, 1, calls) end
  end
  if #missing > 0 then merge(missing) end
  holder.net = entry.net
  local made, calls, ends = unpack(entry.extra or {})
  if made and not (account.extra and account.extra.made >= made) then
    account.extra = {made = made, calls = calls, ends = ends}
  end
  if entry.seen and not (past().seen and past().seen[3] >= entry.seen[3]) then past().seen = entry.seen end
end

-- reckon counts what a gateway saw counted and nobody has replayed: a gateway that ended used it,
-- or may have. The count seen last holds: permits may have been given back before it.
local function reckon(leaves)
  local seen = account.past.seen
  if seen and account.past.epoch == shard.epoch then
    local unknown = less(less(seen, account.calls), account.past.gone)
    unknown = {math.max(0, unknown[1]), math.max(0, unknown[2])}
    if unknown[1] + unknown[2] > 0 then charge(leaves, unknown) end
  end
  account.past = nil
end

-- slots grants a gateway its own: never less than are busy, and all together never more than the
-- rule allows.
local function slots(holder, entry, rule)
  local others = 0
  for id, other in pairs(account.holders) do
    if other.slots > 0 and other.expires <= now then other.slots, other.expires = 0, 0 end
    if id ~= request.gateway then
      others = others + other.slots
      if other.slots == 0 and other.at <= now - KEEP then account.holders[id] = nil end
    end
  end
  local own = learning and entry.busy or math.max(entry.busy, math.min(entry.slots, rule[3] - others))
  holder.slots = own
  holder.expires = own > 0 and math.max(holder.expires, now + LEASE + entry.life + MARGIN) or 0
  return own, others
end

-- keep is how long an account is kept, in milliseconds.
local function keep(expires)
  local last = math.max(expires, account.extra and account.extra.ends or 0)
  return string.format('%.0f', math.max(KEEP, 2 * (last - now)))
end

-- inspect shows an account to an operator, or does what he wants: his extra calls take the place
-- of those before, or what was used is forgotten. Permits of leases that may still be used stay
-- counted, for nobody could count them later. All other leases become void, so that no permit is
-- given back that is not counted.
local function inspect(entry, key)
  account = load(key) or {calls = {0, 0}, holders = {}}
  local op = not learning and entry.op
  local slots, leased, expires, kept, order = 0, 0, 0, {}, {}
  for _, holder in pairs(account.holders) do
    if holder.slots > 0 and holder.expires > now then slots = slots + holder.slots end
    expires = math.max(expires, holder.expires)
    for _, lease in pairs(holder.leases) do
      if not lease.void and lease.leaves > now + WINDOW then
        leased = leased + lease.permits
        if not kept[lease.leaves] then table.insert(order, lease.leaves) end
        kept[lease.leaves] = plus(kept[lease.leaves] or {0, 0}, only(lease.regime, lease.permits))
      elseif op == 'forget' then
        lease.void = true
      end
    end
  end
  if op == 'raise' then
    local made = account.extra and account.extra.made + 1 or 0
    account.extra = {made = math.max(now, made), calls = entry.extra[2], ends = entry.extra[3]}
  elseif op == 'forget' then
    table.sort(order)
    account.calls, account.past = {0, 0}, nil
    account.forgotten = math.max(now, (account.forgotten or 0) + 1)
    for _, leaves in ipairs(order) do account.calls = plus(account.calls, kept[leaves]) end
  end
  if op then redis.call('SET', key, cjson.encode(account), 'PX', keep(expires)) end
  if op == 'forget' then
    redis.call('DEL', list)
    for _, leaves in ipairs(order) do redis.call('RPUSH', list, write(leaves, kept[leaves])) end
    redis.call('PEXPIRE', list, string.format('%.0f', KEEP))
  end
  local extra = account.extra or {made = 0, calls = 0, ends = 0}
  local row = {slots, leased, extra.made, extra.calls, extra.ends, account.forgotten or 0}
  for _, text in ipairs(redis.call('LRANGE', list, 0, -1)) do
    for number in string.gmatch(text, '%S+') do table.insert(row, tonumber(number)) end
  end
  return row
end

local function serve(entry, key)
  account = load(key) or {calls = {0, 0}, holders = {}}
  local holder = account.holders[request.gateway] or {slots = 0, expires = 0, net = {0, 0}, leases = {}}
  if holder.seq and request.seq <= holder.seq then -- it came after a later one
    return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
  end
  account.holders[request.gateway] = holder
  holder.at, holder.seq = now, request.seq
  if shut then past() end
  sweep()
  for _, back in ipairs(entry.back or {}) do settle(holder, back) end
  if entry.net then replay(holder, entry) end

  -- The rule of the newest policy holds. A gateway that is behind may lower it and raises nothing.
  local rule = entry.rule
  if (behind or entry.behind) and account.rule then
    for i = 1, 3 do rule[i] = math.min(rule[i], account.rule[i]) end
  end
  account.rule = rule
  local r = entry.regime + 1
  local leaves = latest(rule[r])
  if account.past and not shut then reckon(leaves) end

  local own, others = slots(holder, entry, rule)
  local most = raised(rule, now)
  local free = learning and 0 or math.max(0, room(account.calls, most, r))
  local permits = math.max(0, math.min(entry.need, free, own - entry.busy))
  if own > entry.busy then
    local share = math.min(math.floor((free - permits) / (2 * gateways)), math.floor(most[r] / 50))
    permits = permits + math.max(0, math.min(entry.more, share))
  end
  if permits > 0 then
    charge(leaves, only(r, permits))
    holder.leases[tostring(request.seq)] = {permits = permits, leaves = leaves, regime = r}
  end
  local left = room(account.calls, most, r)
  local waits = left <= 0 and {wait(rule, 1), wait(rule, 2)} or {0, 0}
  local oldest = bucket(0)
  local extra = account.extra or {made = 0, calls = 0, ends = 0}
  redis.call('SET', key, cjson.encode(account), 'PX', keep(holder.expires))
  redis.call('PEXPIRE', list, string.format('%.0f', KEEP))
  return {permits, leaves, own, others, left, oldest and oldest.leaves - now or 0, account.calls[1],
    account.calls[2], waits[1], waits[2], extra.made, extra.calls, extra.ends, account.forgotten or 0}
end

local answer = {{now, shard.epoch, learning and 1 or 0, gateways, guide, taken, tick}}
for i, entry in ipairs(request.entries or {}) do
  list = KEYS[2 * i + 1]
  answer[i + 1] = (request.operator and inspect or serve)(entry, KEYS[2 * i])
end
return answer
