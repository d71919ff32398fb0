import { expect, test } from 'vitest';
import { jwks } from './jwks.ts';

function endpoint(text = '{"keys":[]}') {
  const ring = { text, jwksJson: () => ring.text };
  const answer = jwks({ ring });
  const get = async (headers: Record<string, string> = {}, method = 'GET') =>
    answer({ method, path: '/.well-known/jwks.json', header: (name) => headers[name] });
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
  const etag = headers['etag'] ?? '';
  expect(etag).toMatch(/^"[\w-]+"$/);
  for (const sent of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await get({ 'if-none-match': sent });
    expect([answer.status, answer.body, answer.headers['etag']]).toEqual([304, '', etag]);
  }
});

test('a new key set has a new entity tag, and the same set always the same', async () => {
  const { ring, get } = endpoint();
  const etag = (await get()).headers['etag'] ?? '';
  ring.text = '{"keys":[{}]}';
  expect((await get({ 'if-none-match': etag })).status).toBe(200);
  ring.text = '{"keys":[]}';
  expect((await get({ 'if-none-match': etag })).status).toBe(304);
  expect((await endpoint().get()).headers['etag']).toBe(etag);
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is refused', async (method) => {
  const { status, headers } = await endpoint().get({}, method);
  expect([status, headers['allow']]).toEqual([405, 'GET, HEAD']);
});
