-- GET of images of rows in turn, or of the same from memory. Arguments: how many, and the dataset or `memory`.
function init(arguments)
  count, dataset, number = tonumber(arguments[1]), arguments[2], 0
end

function request()
  number = number + 1
  local index = number % count
  if dataset == "memory" then
    return wrk.format("GET", string.format("/v1/images/%d.jpg/content", index))
  end
  return wrk.format("GET", string.format("/v1/datasets/%s/rows/%d/image", dataset, index))
end
