-- ARGV  3 whether all answers go  4… ids
-- Returns nothing.
changed = true
if ARGV[3] == '1' then
  for _, id in ipairs(redis.call('ZRANGE', READY, 0, -1)) do remove(id) end
end
for i = 4, #ARGV do remove(ARGV[i]) end
return finish({})
