/**
 * What keeps a scenario from its target, and what has been tried, for those of which a check falls
 * short. Opinion, unlike the figures beside it: look at it again when they change.
 */
export const BOUNDS: { readonly [scenario: string]: string } = {
  'validate-http':
    'The encrypted write of each answer, one system call, is a quarter of a call, as it is of the bare handler; the pipeline from authentication to the look-up being on its way takes 4 µs, the look-up itself shares its run and its write with others. Kept, because each helped: plain HTTP/1.1 read and answered without the HTTP of Node, a codec by hand, commands written and replies decoded without the client library, replies read into one piece of memory, look-ups that share a run of the script, callers known without a hash, metrics without label texts. Dropped, because it did not: more room for new objects, a CRC in JavaScript, no timers for calls (0.3 µs).',
  'validate-grpc':
    'grpc-js takes half of each call in its own layers and the HTTP/2 of Node, as the empty handler shows, and that varies by a tenth from run to run. Kept: the same as for HTTP, and a table of open runs that never shrinks (each deletion had left garbage of the lasting kind: a tenth of the time), and V8 told not to take calls for long-lived (a fifth). Dropped: holding a run back until the one before is answered, which shares the write to Redis among 22 calls instead of 13, but makes the median over HTTP at half load a quarter longer.',
  'validate-token':
    'Beside the look-up, reading the token strictly takes 1.5 µs and its fingerprint as much; 500 bytes more to decrypt, copy and collect take the rest. Kept: remembering the header that nearly all tokens share (0.5 µs), one match for the whole of the usual payload instead of parsing it, writing it again and looking at each claim (1.5), one hash instead of an HMAC (2). With a table of all readings and fingerprints in place of both, which no server could hold, the ratio would be 0.9.',
  'validate-batch':
    'An item of a batch costs the server a third of a single call, and then Redis bounds: its share of the script, 6.5 µs an item, and the load have one CPU between them. The faster a single call is, the further away six times as many are: HTTP, which a batch saves, is only half of a call by now. Dropped, because they stayed within 3 %: one MGET for two GETs, answering with the table that HMGET made, one packed text instead of seven fields (slower).',
  'validate-stream':
    'As for batches: Redis takes 9 µs an item and the client 1.5, on one CPU; the server itself is not busy. Of 20,000 sessions instead of 100,000, more of which the caches of the CPU hold, Redis takes 7 µs, and there are 115,000 validations a second. Kept: a client on the bare HTTP/2 of Node, which takes a quarter less than grpc-js, and 8 messages under way on each stream (4: 4 % less).',
  latency:
    'Half of the maximum rate keeps the CPU three quarters busy, not half: a call that comes alone takes three times the CPU time of one in a full turn, which shares its writes and its run of the script. At that load calls queue, and every tenth of a second new objects are collected for 0.4 ms, for which whoever comes then waits. The bare handler, which has nothing to wait for, is half as busy, and its ratio is worse (see its row and the note). Cured: the first answer of each connection waited 40 ms (Nagle), Node allocated 64 KiB for each read, a Map that shrank led to a full collection every six seconds, and the load generator paused itself. Dropped, because it made no difference: collecting on the one thread only, and not in parallel.',
  issue:
    'The ES256 signature takes 26 µs, as long as node:crypto takes alone, and the HS256 one 5. Around them are HTTP, three scripts (the rate, the session, the fingerprint), which share runs where they can, the audit line, three UUIDs. Kept: messages read, checked and written by hand where they are plain (8 µs less), signing with node:crypto instead of Web Crypto, audit lines written together, commands on their way to Redis before the turn is over.',
  refresh:
    'As for Issue, and the presented refresh token is read and its HMAC checked first.',
  revoke:
    'A script that writes six keys takes Redis 26 µs where looking up takes 6, and Redis and the load have one CPU between them, which is busy by then; by CPU time of the server a logout is two validates and a fifth: the refresh token is read and its HMAC checked, and it leaves an audit line. Kept: the session that a token names is ended without being looked up first, a plain logout is read, checked and answered by hand (8 µs less).',
  memory:
    "A session has two keys, its own and its user's, each with an object, an entry in Redis' table and its name, and a place in the expiry index, which holds its ids once more. Kept: names of one letter, instants in seconds, lifetimes derived, fingerprints cut to 132 bits, no time to live for the user's index: 110 bytes less. Dropped: ids as 16 bytes (64 B less, but 0.4 µs more for each validate), shorter key names (no smaller size class). One hash for all sessions of a user would take some 150 bytes less and every script another shape.",
  scale:
    "The server's share does not grow. Redis' does, from 8 to 14 µs: a million sessions are in none of the CPU's caches, and a look-up touches some fifteen places of memory. With huge pages for Redis, which it switches off because they make its snapshots slow, it is 12.5.",
};
