// What the edge counts of its requests, for Prometheus: each request once, as its line is logged.
// The zone holds sums only, so every worker adds to it and none has to tell another.
import fs from 'fs';

const DURATION = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const TTFT = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const FAMILIES = [
  ['requests', 'firstlight_edge_requests_total', 'counter', 'Requests by key, model and status.'],
  ['sent', 'firstlight_edge_sent_bytes_total', 'counter', 'Bytes sent to clients.'],
  ['received', 'firstlight_edge_received_bytes_total', 'counter', 'Bytes of requests.'],
  ['retries', 'firstlight_edge_retries_total', 'counter', 'Requests that a second instance got.'],
  ['duration', 'firstlight_edge_request_seconds', 'histogram', 'Seconds from request to last byte.'],
  ['ttft', 'firstlight_edge_ttft_seconds', 'histogram', "Seconds to the first byte of the body."],
];
const BUCKETS = { duration: DURATION, ttft: TTFT };
// Of named keys and of JWT subjects: so many pairs of key and model are told apart, and beyond
// them so many models. What comes after is "other", or memory would grow with every subject.
const PAIRS = { '': 400, 'jwt:': 200 };
const MODELS = 100;
const NOBODY = '-';
const FOLDER = '/var/lib/firstlight/edge';
const FILES = 16;
const FILE_BYTES = 65536;
const ITEMS = 1000000;

function zone() {
  return ngx.shared.firstlight_metrics;
}

// A full zone takes no new sum: what was not counted is counted, in a place made beforehand.
function add(name, delta) {
  try {
    zone().incr(name, delta, 0);
  } catch (e) {
    zone().incr('lost', 1, 0);
  }
}

function label(value) {
  return (value || NOBODY).replace(/[\x00-\x1f\x7f]/g, '_').slice(0, 64);
}

function room(name, counter, limit) {
  const dict = zone();
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

function pair(client, name) {
  const key = label(client);
  const model = label(name);
  const kind = key.indexOf('jwt:') === 0 ? 'jwt:' : '';
  if (room(`pair\t${key}\t${model}`, `pairs\t${kind}`, PAIRS[kind])) {
    return `${key}\t${model}`;
  }
  if (room(`model\t${model}`, 'models', MODELS)) {
    return `${kind}other\t${model}`;
  }
  return `${kind}other\tother`;
}

function observe(family, who, seconds) {
  const bounds = BUCKETS[family];
  let bucket = 0;
  while (bucket < bounds.length && seconds > bounds[bucket]) {
    bucket++;
  }
  add(`${family}\t${who}\t${bucket}`, 1);
  add(`${family}\t${who}\tsum`, seconds);
}

function number(text) {
  const value = Number(text);
  return value >= 0 ? value : 0;
}

// Each instance that was asked stands in the list of statuses: "502, 200", or with " : " where
// nginx began anew.
function asked(statuses) {
  return statuses ? statuses.split(/ : |, /).length : 0;
}

function count(v) {
  zone().add('lost', 0);
  const who = pair(v.client, v.model);
  add(`requests\t${who}\t${v.status}`, 1);
  add(`sent\t${who}`, number(v.bytes_sent));
  add(`received\t${who}`, number(v.request_length));
  if (asked(v.upstream_status) > 1) {
    add(`retries\t${who}`, asked(v.upstream_status) - 1);
  }
  if (v.model) {
    observe('duration', who, number(v.request_time));
    if (v.ttft) {
      observe('ttft', who, number(v.ttft));
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
  return (r.variables.upstream_addr || '').replace(/unix:[^ ,]*\/(?:firstlight-gate-)?([^ ,\/]+)\.sock:?/g, '$1');
}

// Ends itself with the first byte: what follows passes as if there were no filter.
function first(r, data, flags) {
  r.sendBuffer(data, flags);
  if (data.length > 0) {
    r.variables.ttft = r.variables.request_time;
    r.done();
  }
}

function escaped(value) {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

function histogram(name, labels, found, bounds) {
  const lines = [];
  let total = 0;
  for (let i = 0; i <= bounds.length; i++) {
    total += found[String(i)] || 0;
    lines.push(`${name}_bucket{${labels},le="${i < bounds.length ? bounds[i] : '+Inf'}"} ${total}`);
  }
  lines.push(`${name}_sum{${labels}} ${found.sum || 0}`, `${name}_count{${labels}} ${total}`);
  return lines;
}

function samples(family, name, kind, series) {
  let lines = [];
  Object.keys(series).sort().forEach((who) => {
    const parts = who.split('\t');
    const labels = `key="${escaped(parts[0])}",model="${escaped(parts[1])}"`;
    const found = series[who];
    if (kind === 'histogram') {
      lines = lines.concat(histogram(name, labels, found, BUCKETS[family]));
    } else {
      Object.keys(found).sort().forEach((last) => {
        lines.push(`${name}{${labels}${last ? `,code="${last}"` : ''}} ${found[last]}`);
      });
    }
  });
  return lines;
}

// Sums by family, then by key and model, then by status or bucket.
function sums(items) {
  const found = {};
  items.forEach((item) => {
    const parts = item[0].split('\t');
    if (parts.length < 3 || parts[0] === 'pair') {
      return;
    }
    const family = (found[parts[0]] = found[parts[0]] || {});
    const who = `${parts[1]}\t${parts[2]}`;
    family[who] = family[who] || {};
    family[who][parts[3] || ''] = item[1];
  });
  return found;
}

function text(items, lost, connections) {
  const found = sums(items);
  let lines = [];
  FAMILIES.forEach((each) => {
    const name = each[1];
    lines.push(`# HELP ${name} ${each[3]}`, `# TYPE ${name} ${each[2]}`);
    lines = lines.concat(samples(each[0], name, each[2], found[each[0]] || {}));
  });
  const lostName = 'firstlight_edge_metrics_lost_total';
  lines.push(`# HELP ${lostName} Sums that had no room in memory.`, `# TYPE ${lostName} counter`);
  lines.push(`${lostName} ${lost}`);
  const name = 'firstlight_edge_connections';
  lines.push(`# HELP ${name} Connections of nginx, the gates' included.`, `# TYPE ${name} gauge`);
  Object.keys(connections).forEach((state) => {
    lines.push(`${name}{state="${state}"} ${number(connections[state])}`);
  });
  return `${lines.join('\n')}\n`;
}

// What programs beside nginx measured of the edge, such as the certificate's end.
function beside(folder) {
  let names = [];
  try {
    names = fs.readdirSync(folder).filter((name) => /^[\w.-]+\.prom$/.test(name)).sort();
  } catch (e) {
    return { texts: '', unread: 0 };
  }
  let texts = '';
  let unread = 0;
  names.slice(0, FILES).forEach((name) => {
    try {
      const path = `${folder}/${name}`;
      if (fs.statSync(path).size > FILE_BYTES) {
        throw new Error('too large');
      }
      const found = String(fs.readFileSync(path));
      texts += found.endsWith('\n') ? found : `${found}\n`;
    } catch (e) {
      unread++;
    }
  });
  return { texts, unread: unread + Math.max(0, names.length - FILES) };
}

function expose(r) {
  const v = r.variables;
  const connections = {
    active: v.connections_active,
    reading: v.connections_reading,
    writing: v.connections_writing,
    waiting: v.connections_waiting,
  };
  const other = beside(FOLDER);
  const name = 'firstlight_edge_files_unread';
  const unread = `# HELP ${name} Files of other metrics that cannot be read.\n# TYPE ${name} gauge\n${name} ${other.unread}\n`;
  r.headersOut['Content-Type'] = 'text/plain; version=0.0.4; charset=utf-8';
  r.return(200, text(zone().items(ITEMS), zone().get('lost') || 0, connections) + unread + other.texts);
}

export default { beside, expose, first, logged, time, upstream };
