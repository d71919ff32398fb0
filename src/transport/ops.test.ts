import { afterEach, expect, test } from 'vitest';
import type { Listener } from './listener.ts';
import { type OpsOptions, startOps } from './ops.ts';

let listener: Listener | undefined;

afterEach(() => listener?.close());

async function get(path: string, options: Partial<OpsOptions> = {}, init: RequestInit = {}) {
  listener = await startOps({
    host: '127.0.0.1',
    port: 0,
    readiness: () => ({ ready: true, failed: [] }),
    metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'calls_total 1\n' },
    ...options,
  });
  return fetch(`http://127.0.0.1:${listener.address.port}${path}`, init);
}

test('a process that turns is alive', async () => {
  const answer = await get('/livez');
  expect([answer.status, await answer.json()]).toEqual([200, { alive: true }]);
});

test('a server that can answer is ready', async () => {
  const answer = await get('/readyz?verbose');
  expect([answer.status, await answer.json()]).toEqual([200, { ready: true, failed: [] }]);
});

test('a server that cannot answer says which checks fail', async () => {
  const readiness = async () => ({ ready: false, failed: ['store'] });
  const answer = await get('/readyz', { readiness });
  expect([answer.status, await answer.json()]).toEqual([503, { ready: false, failed: ['store'] }]);
});

test('metrics are served as they are', async () => {
  const answer = await get('/metrics');
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(await answer.text()).toBe('calls_total 1\n');
});

test('a check that breaks does not break the listener', async () => {
  const readiness = () => Promise.reject(new Error('secret'));
  const answer = await get('/readyz', { readiness });
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('secret');
});

test('nothing else is there', async () => {
  expect((await get('/')).status).toBe(404);
});

test('nothing can be changed', async () => {
  const answer = await get('/metrics', {}, { method: 'POST', body: 'x' });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});
