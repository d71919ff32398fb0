/**
 * What keeps a scenario from its target, and what has been tried, for those of which a check falls
 * short. Opinion, unlike the figures beside it: look at it again when they change.
 */
export const BOUNDS: { readonly [scenario: string]: string } = {
  'validate-http':
    'HTTP/1.1 and TLS in Node take as much for an empty handler as half of what nginx takes for everything. Of the rest, most is writing: one write of each answer to its connection, and the commands to Redis. Kept, because each helped: a direct handler for unary calls, a codec by hand, commands written and replies decoded without the client library (a fifth less), look-ups that share a run of the script, callers known without a hash. Dropped, because it did not: more room for new objects (more memory, no less time), a CRC in JavaScript, HMAC from one-shot hashes.',
  'validate-grpc':
    'grpc-js takes half of each call in its own layers and the HTTP/2 of Node, as the empty handler shows; a larger share than over HTTP/1.1 is collecting garbage, nearly all of it theirs. Kept: the same as for HTTP.',
  'validate-token':
    'Beside the look-up, reading the token strictly (canonical base64url and JSON, the form of each claim) takes 5 µs and its fingerprint 3, of which 2 are the HMAC. Kept: remembering the header that nearly all tokens share. A looser reading first, with the strict one only where the fingerprint does not match, would save 3 µs and be a second way to read a token.',
  'validate-batch':
    'An item of a batch costs the server a fifth of a single call, and then Redis bounds: its share of the script, 6.5 µs an item, and the load have one CPU between them. The faster a single call is, the further away six times as many are.',
  'validate-stream':
    'As for batches: Redis takes 6.5 µs an item, and the client, grpc-js as well, has the same CPU. On two CPUs nothing is left to give; the server itself is not busy.',
  latency:
    'Single pauses of 20 to 40 ms, which the bare handler does not have, make up the 99th percentile; the median is a quarter of a millisecond at any load below three quarters. Where they come from is not known yet: they are there with one call at a time too.',
  issue:
    'The ES256 signature takes 25 µs, as long as node:crypto takes alone. Around it are HTTP (20 µs), three scripts (the rate, the session, the fingerprint), which share runs where they can, the audit line, and the checks of the message. Kept: plain messages checked by hand, signing with node:crypto instead of Web Crypto, audit lines written together.',
  refresh: 'As for Issue, and the presented refresh token is read and its HMAC checked first.',
  revoke:
    'A script that writes six keys, and a refresh token to read. Kept: the session that a token names is ended without being looked up first.',
  memory:
    "A session has two keys, its own and its user's, each with an object, an entry in Redis' table and its name, and a place in the expiry index, which holds its ids once more. Kept: names of one letter, instants in seconds, lifetimes derived, fingerprints cut to 132 bits, no time to live for the user's index: 110 bytes less. Dropped: ids as 16 bytes (64 B less, but 0.4 µs more for each validate), shorter key names (no smaller size class). One hash for all sessions of a user would take some 150 bytes less and every script another shape.",
};
