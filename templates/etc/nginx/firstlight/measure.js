// What the edge counts of its requests, for Prometheus: each request once, as its line is logged.
// The zone holds sums only, so every worker adds to it and none has to tell another.
const DURATION = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const TTFT = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const BUCKETS = { duration: DURATION, ttft: TTFT };
// Of named keys and of JWT subjects: so many pairs of key and model are told apart, and beyond
// them so many models. What comes after is "other", or memory would grow with every subject.
const PAIRS = { '': 300, 'jwt:': 100 };
const MODELS = 100;
const NOBODY = '-';
const CONTROL = /[\x00-\x1f\x7f]/;
const CONTROLS = /[\x00-\x1f\x7f]/g;
const SOCKETS = /unix:[^ ,]*\/([^ ,\/]+)\.sock:?/g;

// A full zone takes no new sum: what was not counted is counted, in a place made beforehand.
function add(dict, name, delta) {
  try {
    dict.incr(name, delta, 0);
  } catch (e) {
    dict.incr('lost', 1, 0);
  }
}

function label(value) {
  const text = value || NOBODY;
  return CONTROL.test(text) || text.length > 64 ? text.replace(CONTROLS, '_').slice(0, 64) : text;
}

function room(dict, name, counter, limit) {
  if (dict.has(name)) {
    return true;
  }
  // Two workers that meet here go over the limit by one: it is a bound on memory, not a rule.
  if ((dict.get(counter) || 0) >= limit) {
    return false;
  }
  try {
    if (dict.add(name, 1)) {
      dict.incr(counter, 1, 0);
    }
    return true;
  } catch (e) {
    return false;
  }
}

function pair(dict, client, name) {
  const key = label(client);
  const model = label(name);
  const kind = key.indexOf('jwt:') === 0 ? 'jwt:' : '';
  if (room(dict, `pair\t${key}\t${model}`, `pairs\t${kind}`, PAIRS[kind])) {
    return `${key}\t${model}`;
  }
  if (room(dict, `model\t${model}`, 'models', MODELS)) {
    return `${kind}other\t${model}`;
  }
  return `${kind}other\tother`;
}

function observe(dict, family, who, seconds) {
  const bounds = BUCKETS[family];
  let bucket = 0;
  while (bucket < bounds.length && seconds > bounds[bucket]) {
    bucket++;
  }
  add(dict, `${family}\t${who}\t${bucket}`, 1);
  add(dict, `${family}\t${who}\tsum`, seconds);
}

function number(text) {
  const value = Number(text);
  return value >= 0 ? value : 0;
}

// Each instance that was asked stands in the list of statuses: "502, 200", or with " : " where
// nginx began anew.
function asked(statuses) {
  return statuses.indexOf(' ') < 0 ? 1 : statuses.split(/ : |, /).length;
}

// What no instance was asked for, as over a limit, would make the latencies look better.
function count(v) {
  const dict = ngx.shared.firstlight_metrics;
  const model = v.model;
  const statuses = v.upstream_status;
  const ttft = v.ttft;
  dict.add('lost', 0);
  const who = pair(dict, v.who, model);
  add(dict, `requests\t${who}\t${v.status}`, 1);
  add(dict, `sent\t${who}`, number(v.bytes_sent));
  add(dict, `received\t${who}`, number(v.request_length));
  if (model && statuses) {
    if (asked(statuses) > 1) {
      add(dict, `retries\t${who}`, asked(statuses) - 1);
    }
    observe(dict, 'duration', who, number(v.request_time));
    if (ttft) {
      observe(dict, 'ttft', who, number(ttft));
    }
  }
}

// The log's value for the time to the first byte; that it is asked for, once, is what counts.
function logged(r) {
  const v = r.variables;
  try {
    count(v);
  } catch (e) {
    r.error(`metrics: ${e.message}`);
  }
  return v.ttft || 'null';
}

function time(r) {
  return new Date(Math.round(r.variables.msec * 1000)).toISOString();
}

// An instance on this host is known by its gate's socket, one elsewhere by its address.
function upstream(r) {
  return (r.variables.upstream_addr || '').replace(SOCKETS, '$1');
}

// Ends itself with the first byte: what follows passes as if there were no filter.
function first(r, data, flags) {
  r.sendBuffer(data, flags);
  if (data.length > 0) {
    r.variables.ttft = r.variables.request_time;
    r.done();
  }
}

export default { BUCKETS, first, logged, time, upstream };
