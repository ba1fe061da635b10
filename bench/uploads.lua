-- PUT of a JPEG with a trailer that no other request has. Arguments: the JPEG's file, and a name.
function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  content, name, number = file:read("*a"), arguments[2], 0
  file:close()
end

function request()
  number = number + 1
  local path = string.format("/v1/images/%s-%d.jpg", name, number)
  return wrk.format("PUT", path, nil, content .. string.format("%s-%08d", name, number))
end
