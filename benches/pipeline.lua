-- wrk -s pipeline.lua URL -- DEPTH: as many requests in one write as DEPTH says (16 if it does not).

local batch

init = function(args)
   local depth = tonumber(args[1]) or 16
   batch = string.rep(wrk.format("GET"), depth)
end

request = function()
   return batch
end
