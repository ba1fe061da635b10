-- GET of several images in turn. Arguments: how many, and the name before the number.
function init(arguments)
  requests = {}
  for number = 0, tonumber(arguments[1]) - 1 do
    local path = string.format("/v1/images/%s-%d.jpg/content", arguments[2], number)
    requests[number] = wrk.format("GET", path)
  end
  count, turn = tonumber(arguments[1]), 0
end

function request()
  turn = (turn + 1) % count
  return requests[turn]
end
