// Counts requests as nginx would; the shared dictionary is a stand-in with the same words.
import fs from 'node:fs';

const given = JSON.parse(fs.readFileSync(0, 'utf8'));
const sums = new Map();
const put = (name, value) => {
  if (!sums.has(name) && sums.size >= given.room) {
    throw new Error('no memory');
  }
  sums.set(name, value);
};
globalThis.ngx = {
  shared: {
    firstlight_metrics: {
      add: (name, value) => (sums.has(name) ? false : (put(name, value), true)),
      get: (name) => sums.get(name),
      has: (name) => sums.has(name),
      incr: (name, delta, init) => (put(name, (sums.get(name) ?? init) + delta), sums.get(name)),
      items: () => [...sums],
    },
  },
};
const measure = (await import('./measure.js')).default;
const metrics = (await import('./metrics.js')).default;
given.requests.forEach((variables) => {
  measure.logged({ variables, error: (text) => process.stderr.write(text) });
});
metrics.expose({ variables: {}, headersOut: {}, return: (status, text) => process.stdout.write(text) });
