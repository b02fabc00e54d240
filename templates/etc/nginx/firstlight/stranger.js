// What counts as one stranger: an IPv4 address, or the /64 of an IPv6 address, for whoever has one
// of these has all of it.
function network(request) {
  const address = request.remoteAddress;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) {
    return mapped[1];
  }
  if (address.indexOf(':') < 0) {
    return address;
  }
  const halves = address.split('::');
  const left = halves[0] ? halves[0].split(':') : [];
  if (halves.length === 2) {
    const right = halves[1] ? halves[1].split(':') : [];
    while (left.length + right.length < 8) {
      left.push('0');
    }
    right.forEach((group) => left.push(group));
  }
  return left.slice(0, 4).join(':');
}

export default { network };
