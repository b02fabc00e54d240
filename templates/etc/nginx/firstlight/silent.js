// A copy that was reached and is silent may have died of the request. One other is asked, and nobody
// after it, or one request would end every engine of a model. How many cannot be reached beside them
// does not count, so nginx's own number of tries is no help, and no gate sees what another one said:
// all gates of an edge note it here, under the name that the request has on its way to them.
function first(request) {
  try {
    return ngx.shared.firstlight_silent.add(request.headersIn['X-Request-Id'], 1);
  } catch (e) {
    // Where it cannot be noted, nobody is asked after it.
    request.error(`silent: ${e.message}`);
    return false;
  }
}

function counted(request) {
  if (request.status === 403 && !first(request)) {
    request.status = 504;
  }
}

export default { counted };
