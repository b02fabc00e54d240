// What was counted, as Prometheus reads it, with what programs beside nginx measured of the edge.
import fs from 'fs';
import measure from './measure.js';

const BUCKETS = measure.BUCKETS;
const FAMILIES = [
  ['requests', 'firstlight_edge_requests_total', 'counter', 'Requests by key, model and status.'],
  ['sent', 'firstlight_edge_sent_bytes_total', 'counter', 'Bytes sent to clients.'],
  ['received', 'firstlight_edge_received_bytes_total', 'counter', 'Bytes of requests.'],
  ['retries', 'firstlight_edge_retries_total', 'counter', 'Requests that a second instance got.'],
  ['duration', 'firstlight_edge_request_seconds', 'histogram', 'Seconds from request to last byte.'],
  ['ttft', 'firstlight_edge_ttft_seconds', 'histogram', 'Seconds to the first byte of the body.'],
];
const FOLDER = '/var/lib/firstlight/edge';
const UNREAD = [
  '# HELP firstlight_edge_files_unread Files of other metrics that cannot be read.',
  '# TYPE firstlight_edge_files_unread gauge',
  'firstlight_edge_files_unread',
].join('\n');
const FILES = 16;
const FILE_BYTES = 65536;
const ITEMS = 1000000;

function escaped(value) {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

function histogram(lines, name, labels, found, bounds) {
  let total = 0;
  for (let i = 0; i <= bounds.length; i++) {
    total += found[i] || 0;
    lines.push(`${name}_bucket{${labels},le="${i < bounds.length ? bounds[i] : '+Inf'}"} ${total}`);
  }
  lines.push(`${name}_sum{${labels}} ${found.sum || 0}`, `${name}_count{${labels}} ${total}`);
}

function samples(lines, name, bounds, series) {
  Object.keys(series).sort().forEach((who) => {
    const parts = who.split('\t');
    const labels = `key="${escaped(parts[0])}",model="${escaped(parts[1])}"`;
    const found = series[who];
    if (bounds) {
      histogram(lines, name, labels, found, bounds);
      return;
    }
    Object.keys(found).sort().forEach((last) => {
      lines.push(`${name}{${labels}${last ? `,code="${last}"` : ''}} ${found[last]}`);
    });
  });
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
  const lines = [];
  FAMILIES.forEach((each) => {
    const name = each[1];
    lines.push(`# HELP ${name} ${each[3]}`, `# TYPE ${name} ${each[2]}`);
    samples(lines, name, BUCKETS[each[0]], found[each[0]] || {});
  });
  const lostName = 'firstlight_edge_metrics_lost_total';
  lines.push(`# HELP ${lostName} Sums that had no room in memory.`, `# TYPE ${lostName} counter`);
  lines.push(`${lostName} ${lost}`);
  const name = 'firstlight_edge_connections';
  lines.push(`# HELP ${name} Connections of nginx, the gates' included.`, `# TYPE ${name} gauge`);
  Object.keys(connections).forEach((state) => {
    lines.push(`${name}{state="${state}"} ${Number(connections[state]) || 0}`);
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
  const dict = ngx.shared.firstlight_metrics;
  const connections = {
    active: v.connections_active,
    reading: v.connections_reading,
    writing: v.connections_writing,
    waiting: v.connections_waiting,
  };
  const other = beside(FOLDER);
  const own = text(dict.items(ITEMS), dict.get('lost') || 0, connections);
  r.headersOut['Content-Type'] = 'text/plain; version=0.0.4; charset=utf-8';
  r.return(200, `${own}${UNREAD} ${other.unread}\n${other.texts}`);
}

export default { beside, expose };
