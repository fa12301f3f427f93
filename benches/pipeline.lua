-- wrk -s pipeline.lua URL -- DEPTH: sends DEPTH requests in one write (default: 16).

local batch

init = function(args)
   local depth = tonumber(args[1]) or 16
   batch = string.rep(wrk.format("GET"), depth)
end

request = function()
   return batch
end
