// Finds the `model` of a request's body without building what stands in it: a body of 32 MiB may
// hold little else than images. Works on bytes; text is decoded only where it is the name.
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;
const LIST = 0x5b;
const LIST_END = 0x5d;
// Signs in one body: objects, lists, texts, and quotes in texts. A worker does nothing else while it
// looks at them, for about a microsecond each.
const MOST = 100000;
const LONGEST = 256;
const LONGEST_KEY = 64;

function wrong(code, error, param) {
  return { error, code, param };
}

const INVALID = wrong('invalid_json', 'The body of the request is not a JSON object.');
const COMPLEX = wrong('body_too_complex', 'The body of the request has too many parts.');

function skipBlanks(body, start) {
  let place = start;
  while (body[place] === 0x20 || body[place] === 0x0a || body[place] === 0x0d || body[place] === 0x09) {
    place += 1;
  }
  return place;
}

// The place after the text that begins with the quote at `start`, 0 where it does not end, and how
// many quotes were looked at; at most `most`.
function textEnd(body, start, most) {
  let end = start;
  for (let steps = 1; steps <= most; steps += 1) {
    end = end + 1 < body.length ? body.indexOf(QUOTE, end + 1) : -1;
    if (end < 0) {
      return { place: 0, steps };
    }
    let before = end - 1;
    while (body[before] === BACKSLASH) {
      before -= 1;
    }
    if ((end - before) % 2 === 1) {
      return { place: end + 1, steps };
    }
  }
  return { place: 0, steps: most };
}

function decoded(bytes) {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    return undefined;
  }
}

// The value of the key from `start` to `end`, if that is `model`; where its value is no short text
// it has no name.
function valueOf(body, start, end) {
  const colon = skipBlanks(body, end);
  if (body[colon] !== COLON || end - start > LONGEST_KEY) {
    return null;
  }
  if (decoded(body.slice(start, end)) !== 'model') {
    return null;
  }
  const begin = skipBlanks(body, colon + 1);
  if (body[begin] !== QUOTE) {
    return { name: undefined, place: end };
  }
  const stop = textEnd(body, begin, LONGEST).place;
  const short = stop > 0 && stop - begin <= LONGEST;
  return short ? { name: decoded(body.slice(begin, stop)), place: stop } : { name: undefined, place: end };
}

// From sign to sign. The next place of each is remembered, so that no byte is looked at again and
// again; written out, because a call costs more than a look.
function inJson(body) {
  const size = body.length;
  const names = [];
  let place = skipBlanks(body, 0);
  let depth = 0;
  let left = MOST;
  let quote = -1;
  let object = -1;
  let objectEnd = -1;
  let list = -1;
  let listEnd = -1;
  if (body[place] !== OBJECT) {
    return INVALID;
  }
  do {
    if (quote < place) { quote = body.indexOf(QUOTE, place); if (quote < 0) { quote = size; } }
    if (object < place) { object = body.indexOf(OBJECT, place); if (object < 0) { object = size; } }
    if (objectEnd < place) { objectEnd = body.indexOf(OBJECT_END, place); if (objectEnd < 0) { objectEnd = size; } }
    if (list < place) { list = body.indexOf(LIST, place); if (list < 0) { list = size; } }
    if (listEnd < place) { listEnd = body.indexOf(LIST_END, place); if (listEnd < 0) { listEnd = size; } }
    let first = quote;
    let change = 0;
    if (object < first) { first = object; change = 1; }
    if (list < first) { first = list; change = 1; }
    if (objectEnd < first) { first = objectEnd; change = -1; }
    if (listEnd < first) { first = listEnd; change = -1; }
    left -= 1;
    if (left <= 0) {
      return COMPLEX;
    }
    if (first >= size) {
      return INVALID;
    }
    if (change) {
      depth += change;
      place = first + 1;
    } else {
      const text = textEnd(body, first, left);
      left -= text.steps;
      if (!text.place) {
        return left <= 0 ? COMPLEX : INVALID;
      }
      const value = depth === 1 ? valueOf(body, first, text.place) : null;
      if (value) {
        names.push(value.name);
      }
      place = value ? value.place : text.place;
    }
  } while (depth > 0 && place < size);
  return depth > 0 || skipBlanks(body, place) < size ? INVALID : single(names);
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
