// Which copies answer: the request's `model` names them, the key says whether it may ask, and a
// version that is tried out answers always the same share of the keys.
import crypto from 'crypto';
import model from 'model.js';
import routes from 'routes.js';

const OWN = /^\/models\/([^/]+)(\/v1\/.*|\/api\/.*)$/;
const LISTED = /^(?:\/models\/[^/]+)?\/v1\/models(?:\/(.+))?$/;

function refuse(request, status, code, message, param) {
  const error = { message, type: 'invalid_request_error', param: param || null, code };
  request.headersOut['Content-Type'] = 'application/json';
  request.return(status, JSON.stringify({ error }));
}

// Say who asks, for the limits and the log. False, and answered, where it is nobody.
function identified(request) {
  const values = request.variables;
  values.client = values.key_name || values.jwt_name;
  if (!values.client) {
    request.return(401);
    return false;
  }
  return true;
}

function allowed(request, name) {
  const values = request.variables;
  const may = values.key_name ? values.client_models : values.jwt_models;
  return may === '*' || may.indexOf(`,${name},`) >= 0;
}

function absent(request, name) {
  const message = `The model \`${name}\` does not exist or you do not have access to it.`;
  refuse(request, 404, 'model_not_found', message, 'model');
}

// The share of the keys that are answered by the next version: always the same ones.
function chosen(client, name, percent) {
  const seen = crypto.createHash('sha256').update(`${client}\n${name}`).digest();
  return seen.readUInt32BE(0) % 100 < percent;
}

function api(request) {
  if (!identified(request)) {
    return;
  }
  const own = OWN.exec(request.uri);
  const path = own ? own[2] : request.uri;
  const found = own ? { name: own[1] } : model.named(request);
  if (found.error) {
    refuse(request, 400, found.code, found.error, found.param);
    return;
  }
  // What every object has, such as "constructor", is no model.
  const known = Object.prototype.hasOwnProperty.call(routes.names, found.name);
  const name = known ? routes.names[found.name] : undefined;
  if (name === undefined || !(allowed(request, name) || allowed(request, found.name))) {
    absent(request, found.name);
    return;
  }
  const to = routes.models[name];
  if (to.paths.indexOf(path) < 0) {
    refuse(request, 404, 'not_found', `The model \`${name}\` does not offer ${path}.`);
    return;
  }
  const values = request.variables;
  values.model = name;
  values.pool = to.canary && chosen(values.client, name, to.percent) ? to.canary : to.stable;
  request.internalRedirect(`/.to/${values.pool}${path}${values.args ? `?${values.args}` : ''}`);
}

function models(request) {
  if (identified(request)) {
    request.internalRedirect(`/.models?${request.uri}`);
  }
}

// `GET /v1/models` and `GET /v1/models/NAME`: what this key may ask for, and nothing else.
function list(request) {
  const uri = request.variables.args;
  const own = /^\/models\/([^/]+)\//.exec(uri);
  const asked = LISTED.exec(uri);
  const seen = routes.listed.filter((each) => {
    const name = each.parent || each.id;
    return (!own || name === own[1]) && (allowed(request, name) || allowed(request, each.id));
  });
  if (own && seen.length === 0) {
    absent(request, own[1]);
    return;
  }
  const one = asked && asked[1] ? seen.find((each) => each.id === asked[1]) : undefined;
  if (asked && asked[1] && !one) {
    absent(request, asked[1]);
    return;
  }
  request.headersOut['Content-Type'] = 'application/json';
  request.return(200, JSON.stringify(one || { object: 'list', data: seen }));
}

export default { api, models, list };
