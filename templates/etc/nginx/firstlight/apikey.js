// The SHA-256 of the bearer token: hosts hold digests, never keys.
import crypto from 'crypto';

function digest(request) {
  const header = request.headersIn['Authorization'] || '';
  if (!/^Bearer \S+$/i.test(header)) {
    return '';
  }
  return crypto.createHash('sha256').update(header.slice(7)).digest('hex');
}

export default { digest };
