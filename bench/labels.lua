-- PATCH of one label after another. Arguments: the dataset's id, its rows, and the first value.
function init(arguments)
  wrk.headers["Content-Type"] = "application/json"
  dataset, rows, number = arguments[1], tonumber(arguments[2]), tonumber(arguments[3])
end

function request()
  number = number + 7919
  local path = string.format("/v1/datasets/%s/rows/%d/tags", dataset, number % rows)
  local body = string.format('{"toggle":["%d"]}', 100 + number % 5)
  return wrk.format("PATCH", path, nil, body)
end
