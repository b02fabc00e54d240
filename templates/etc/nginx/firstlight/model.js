// Finds the `model` of a request's body without building what stands in it: a body of 32 MiB may
// hold little else than images. Works on bytes; text is decoded only where it is the name.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPENING = [0x7b, 0x5b];
const CLOSING = [0x7d, 0x5d];
const SIGNS = [QUOTE].concat(OPENING, CLOSING);
const BLANKS = [0x20, 0x09, 0x0d, 0x0a];
// Objects, lists and texts in one body: what is above it would keep a worker busy for too long.
const MOST = 1000000;
const LONGEST = 256;
const LONGEST_KEY = 64;

function wrong(code, error, param) {
  return { error, code, param };
}

const INVALID = wrong('invalid_json', 'The body of the request is not a JSON object.');
const COMPLEX = wrong('body_too_complex', 'The body of the request has too many parts.');

function skipBlanks(body, start) {
  let place = start;
  while (BLANKS.indexOf(body[place]) >= 0) {
    place += 1;
  }
  return place;
}

// Walks from sign to sign. The next place of each is remembered, so that no byte is looked at
// again and again.
function walker(body) {
  const places = SIGNS.map(() => -1);
  let steps = 0;
  return {
    next(from) {
      let first = Infinity;
      SIGNS.forEach((sign, number) => {
        if (places[number] < from) {
          const found = body.indexOf(sign, from);
          places[number] = found < 0 ? Infinity : found;
        }
        first = Math.min(first, places[number]);
      });
      steps += 1;
      return first;
    },
    // The place after the text that begins with the quote at `start`; -1 where it does not end.
    after(start) {
      let end = start;
      for (;;) {
        end = end + 1 < body.length ? body.indexOf(QUOTE, end + 1) : -1;
        if (end < 0) {
          return -1;
        }
        steps += 1;
        let before = end - 1;
        while (body[before] === BACKSLASH) {
          before -= 1;
        }
        if ((end - before) % 2 === 1) {
          return end + 1;
        }
        if (steps > MOST) {
          return -1;
        }
      }
    },
    tooMany() {
      return steps > MOST;
    },
  };
}

function decoded(bytes) {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    return undefined;
  }
}

// The value of the key that ends before `end`, if that is `model` and its value a text.
function valueOf(body, walk, start, end) {
  const colon = skipBlanks(body, end);
  if (body[colon] !== COLON || end - start > LONGEST_KEY) {
    return null;
  }
  if (decoded(body.slice(start, end)) !== 'model') {
    return null;
  }
  const begin = skipBlanks(body, colon + 1);
  const stop = body[begin] === QUOTE ? walk.after(begin) : -1;
  const short = stop > 0 && stop - begin <= LONGEST;
  return { name: short ? decoded(body.slice(begin, stop)) : undefined, stop: Math.max(stop, end) };
}

function inJson(body) {
  const walk = walker(body);
  const names = [];
  let place = skipBlanks(body, 0);
  let depth = 0;
  if (body[place] !== OPENING[0]) {
    return INVALID;
  }
  do {
    place = walk.next(place);
    if (walk.tooMany()) {
      return COMPLEX;
    }
    const sign = body[place];
    if (place === Infinity) {
      return INVALID;
    }
    if (sign === QUOTE) {
      const end = walk.after(place);
      if (end < 0) {
        return walk.tooMany() ? COMPLEX : INVALID;
      }
      const value = depth === 1 ? valueOf(body, walk, place, end) : null;
      if (value) {
        names.push(value.name);
      }
      place = value ? value.stop : end;
    } else {
      depth += OPENING.indexOf(sign) >= 0 ? 1 : -1;
      place += 1;
    }
  } while (depth > 0);
  return skipBlanks(body, place) < body.length ? INVALID : single(names);
}

function single(names) {
  if (names.length === 0) {
    return wrong('missing_model', 'The request names no model: "model" is missing.', 'model');
  }
  // Engines disagree on which of two counts.
  if (names.length > 1 || typeof names[0] !== 'string') {
    return wrong('invalid_model', 'The request has to name one model, as a short text.', 'model');
  }
  return { name: names[0] };
}

function named(request) {
  const type = request.headersIn['Content-Type'];
  if (type && !/^application\/json\b/i.test(type)) {
    return wrong('unsupported_media_type', 'The body of the request has to be application/json.');
  }
  // njs has no buffer for a body without a byte.
  const body = request.requestBuffer;
  return body && body.length ? inJson(body) : INVALID;
}

export default { named };
