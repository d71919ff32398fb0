import { expect, test } from 'vitest';
import { headOf } from '../../test/listeners/invoke.ts';
import { createTestRpc } from '../../test/listeners/test-rpc.ts';
import { jwks } from './jwks.ts';

function endpoint(text = '{"keys":[]}') {
  const ring = { text, jwksJson: () => ring.text };
  const { pipeline } = createTestRpc();
  const { endpoint, encode } = jwks({ ring });
  const get = async (headers: Record<string, string> = {}) => {
    const head = headOf({ headers });
    const call = pipeline.open(endpoint, head);
    await call.admit();
    return encode(await call.run(), head);
  };
  return { ring, get };
}

test('the key set may be kept for the time a key is published before it signs', async () => {
  const { status, headers, body } = await endpoint().get();
  expect(status).toBe(200);
  expect(body).toBe('{"keys":[]}');
  expect(headers).toMatchObject({
    'content-type': 'application/jwk-set+json',
    'cache-control': 'public, max-age=600',
    'access-control-allow-origin': '*',
  });
});

test('a verifier that has the current set is told so', async () => {
  const { get } = endpoint();
  const { headers } = await get();
  const etag = String(headers['etag']);
  expect(etag).toMatch(/^"[\w-]+"$/);
  for (const sent of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await get({ 'if-none-match': sent });
    expect([answer.status, answer.body, answer.headers['etag']]).toEqual([304, '', etag]);
  }
});

test('a new key set has a new entity tag, and the same set always the same', async () => {
  const { ring, get } = endpoint();
  const etag = String((await get()).headers['etag']);
  ring.text = '{"keys":[{}]}';
  expect((await get({ 'if-none-match': etag })).status).toBe(200);
  ring.text = '{"keys":[]}';
  expect((await get({ 'if-none-match': etag })).status).toBe(304);
  expect((await endpoint().get()).headers['etag']).toBe(etag);
});

test('other methods are refused', () => {
  expect(jwks({ ring: { jwksJson: () => '' } }).verbs).toEqual(['GET', 'HEAD']);
});
