/**
 * What keeps a scenario from its target, and what has been tried, for those of which a check falls
 * short. Opinion, unlike the figures beside it: look at it again when they change.
 */
export const BOUNDS: { readonly [scenario: string]: string } = {
  'validate-http':
    'HTTP/1.1 and TLS in Node take as much for an empty handler as half of what nginx takes for everything: 8 µs of a call are the one encrypted write of its answer. The writes to Redis take 27 µs each, most of it waking the other process, and seven calls share one. All of the pipeline, from authentication to the look-up being on its way, is 4 µs. Kept, because each helped: a direct handler for unary calls, a codec by hand, commands written and replies decoded without the client library (a fifth less), look-ups that share a run of the script, callers known without a hash, metrics without label texts, one object for a call. Dropped, because it did not: more room for new objects (more memory, no less time), a CRC in JavaScript, HMAC from one-shot hashes, bodies read without listeners, no timers for calls (0.3 µs).',
  'validate-grpc':
    'grpc-js takes half of each call in its own layers and the HTTP/2 of Node, as the empty handler shows, and that varies by a tenth from run to run. Kept: the same as for HTTP, and a table of open runs that never shrinks (each deletion had left garbage of the lasting kind: a tenth of the time). Dropped: holding a run back until the one before is answered, which shares the write to Redis among 22 calls instead of 13, but makes the median over HTTP at half load a quarter longer.',
  'validate-token':
    'Beside the look-up, reading the token strictly (canonical base64url and JSON, the form of each claim) takes 5 µs and its fingerprint 3, of which 2 are the HMAC; the rest is 500 bytes more to decrypt and copy. Kept: remembering the header that nearly all tokens share. A looser reading first, with the strict one only where the fingerprint does not match, would save 3 µs and be a second way to read a token.',
  'validate-batch':
    'An item of a batch costs the server a fifth of a single call, and then Redis bounds: its share of the script, 6.5 µs an item, and the load have one CPU between them. The faster a single call is, the further away six times as many are. Dropped, because they stayed within 3 %: one MGET for two GETs, answering with the table that HMGET made, one packed text instead of seven fields (slower).',
  'validate-stream':
    'As for batches: Redis takes 7 µs an item and the client 1.6, on one CPU; the server itself is not busy. Kept: a client on the bare HTTP/2 of Node, which takes a quarter less than grpc-js.',
  latency:
    'The bare handler, which has nothing to wait for, has no better ratio on this machine (see its row and the note): new objects are collected ten times a second for 1 ms each, and whoever comes then waits. Signum catches up slower, because half of the maximum rate keeps its CPU four fifths busy: a call that comes alone takes 60 µs, one in a full turn 37. Cured: the first answer of each connection waited 40 ms (Nagle), a Map that shrank led to a full collection every six seconds, and the load generator paused itself. Dropped, because it made no difference: collecting on the one thread only, and not in parallel.',
  issue:
    'The ES256 signature takes 26 µs, as long as node:crypto takes alone, and the HS256 one 5. Around them are HTTP (20 µs), three scripts (the rate, the session, the fingerprint), which share runs where they can (8 µs of writing), the audit line (9), three UUIDs (4). Kept: messages read, checked and written by hand where they are plain (8 µs less), signing with node:crypto instead of Web Crypto, audit lines written together.',
  refresh:
    'As for Issue, and the presented refresh token is read and its HMAC checked first, which takes 15 µs.',
  revoke:
    'A script that writes six keys, and a refresh token to read. Kept: the session that a token names is ended without being looked up first.',
  memory:
    "A session has two keys, its own and its user's, each with an object, an entry in Redis' table and its name, and a place in the expiry index, which holds its ids once more. Kept: names of one letter, instants in seconds, lifetimes derived, fingerprints cut to 132 bits, no time to live for the user's index: 110 bytes less. Dropped: ids as 16 bytes (64 B less, but 0.4 µs more for each validate), shorter key names (no smaller size class). One hash for all sessions of a user would take some 150 bytes less and every script another shape.",
};
