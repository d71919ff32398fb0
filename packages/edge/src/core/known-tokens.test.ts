import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createEndedIds, FORGOTTEN } from './ended-ids.ts';
import { AT, createKnownTokens, RECORD_WORDS } from './known-tokens.ts';
import { writeIdWords } from './token-id.ts';

const KIND = { tenantId: 'acme', keyId: 'k1', scopes: [], audiences: ['api'] };
const factsOf = (expiresAtS = 2_000) => ({
  ...{ tokenId: randomUUID(), partition: 1, issuedAtS: 1_000, expiresAtS, kind: KIND },
});
const tokenOf = () =>
  `h.${randomBytes(40).toString('base64url')}.${randomBytes(64).toString('base64url')}`;

test('a token is known by its whole text, and by no other with the same end or beginning', () => {
  const known = createKnownTokens({ maxTokens: 100 });
  const token = tokenOf();
  const row = known.add(token, factsOf());
  expect(known.find(token.split('').join(''))).toBe(row);
  const [head, payload, signature] = token.split('.');
  for (const text of [
    `x.${payload}.${signature}`,
    `${head}.x.${signature}`,
    `${token}x`,
    `x${token}`,
    '',
    '.',
  ]) {
    expect(known.find(text)).toBe(-1);
  }
});

test('holds as many as it may, keeps those that are asked for, and finds each of them', () => {
  const known = createKnownTokens({ maxTokens: 2_000 });
  const wanted = tokenOf();
  known.add(wanted, factsOf());
  const others = Array.from({ length: 10_000 }, tokenOf);
  for (const token of others) {
    known.add(token, factsOf());
    known.find(wanted);
  }
  expect(known.size).toBe(2_000);
  expect(known.find(wanted)).toBeGreaterThanOrEqual(0);
  const found = others.filter((token) => known.find(token) >= 0);
  expect(found).toHaveLength(1_999);
  expect(new Set(found.map((token) => known.find(token))).size).toBe(1_999);
});

test('keeps what is said of each token, through growing and dropping', () => {
  const known = createKnownTokens({ maxTokens: 5_000 });
  const tokens = Array.from({ length: 4_000 }, tokenOf);
  const facts = tokens.map((_, i) => ({
    ...factsOf(i % 2 === 0 ? 1_500 : 2_000 + i),
    ...{ partition: i, issuedAtS: 3_000_000_000 + i, kind: { ...KIND, tenantId: `t${i}` } },
  }));
  for (const [i, token] of tokens.entries()) known.add(token, facts[i] as (typeof facts)[0]);
  known.forgetExpired(2_000);
  const id = new Uint32Array(4);
  for (const [i, token] of tokens.entries()) {
    const row = known.find(token);
    expect(row >= 0).toBe(i % 2 === 1);
    if (row < 0) continue;
    const { tokenId, partition, issuedAtS, expiresAtS, kind } = facts[i] as (typeof facts)[0];
    writeIdWords(tokenId, id, 0);
    const at = RECORD_WORDS * row;
    const { records } = known;
    expect([...records.subarray(at + AT.id, at + AT.id + 4)]).toEqual([...id]);
    expect(records[at + AT.issuedAtS]).toBe(issuedAtS);
    expect(records[at + AT.expiresAtS]).toBe(expiresAtS);
    expect(records[at + AT.partition]).toBe(partition);
    expect(known.kindOf(row)).toBe(kind);
  }
});

test('drops what has expired, and finds the rest', () => {
  const known = createKnownTokens({ maxTokens: 5_000 });
  const tokens = Array.from({ length: 3_000 }, tokenOf);
  for (const [i, token] of tokens.entries()) known.add(token, factsOf(1_000 + (i % 10)));
  known.forgetExpired(1_005);
  expect(known.size).toBe(1_500);
  for (const [i, token] of tokens.entries()) {
    expect(known.find(token) >= 0).toBe(i % 10 >= 5);
  }
});

test('ended ids are exact, go with their partition, and are not told once they are dropped', () => {
  const ended = createEndedIds();
  const words = new Uint32Array(4);
  const reasonOf = (uuid: string, expiresAtS: number) => {
    writeIdWords(uuid, words, 0);
    return ended.reasonOf(words, 0, expiresAtS);
  };
  const uuids = Array.from({ length: 5_000 }, () => randomUUID());
  for (const [i, uuid] of uuids.entries()) {
    const bytes = Uint8Array.from(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
    ended.add(bytes, 0, { expiresAtS: 10_000 + (i % 500), partition: i % 3, reason: 1 + (i % 8) });
  }
  expect(ended.size).toBe(5_000);
  for (const [i, uuid] of uuids.entries())
    expect(reasonOf(uuid, 10_000 + (i % 500))).toBe(1 + (i % 8));
  for (let i = 0; i < 1_000; i += 1) expect(reasonOf(randomUUID(), 10_000 + i)).toBe(0);
  ended.forgetPartition(1);
  for (const [i, uuid] of uuids.entries()) {
    expect(reasonOf(uuid, 10_000 + (i % 500)) === 0).toBe(i % 3 === 1);
  }
  ended.forgetExpired(10_300);
  expect(reasonOf(uuids[0] as string, 10_000)).toBe(FORGOTTEN);
  expect(reasonOf(uuids[402] as string, 10_402)).not.toBe(FORGOTTEN);
});

test('what was confirmed of a token is not confirmed of the next one in its row', () => {
  const known = createKnownTokens({ maxTokens: 1 });
  const at = RECORD_WORDS * known.add(tokenOf(), factsOf()) + AT.confirmed;
  known.records[at] = 7;
  expect(RECORD_WORDS * known.add(tokenOf(), factsOf()) + AT.confirmed).toBe(at);
  expect(known.records[at]).toBe(0);
});
