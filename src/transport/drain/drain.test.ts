import { expect, test } from 'vitest';
import type { Listener } from '../listener.ts';
import { drain } from './drain.ts';

function setUp(drained: Promise<void>) {
  const steps: string[] = [];
  const listener = (name: string, done: Promise<void>): Listener => ({
    address: { host: '', port: 0 },
    async drain() {
      steps.push(`${name} drains`);
      await done;
      steps.push(`${name} is drained`);
    },
    async close() {
      steps.push(`${name} closes`);
    },
  });
  const options = {
    setNotReady: () => steps.push('not ready'),
    refuseCalls: () => steps.push('calls are refused'),
    listeners: [listener('grpc', drained)],
    watchers: [listener('ops', Promise.resolve())],
    log: { info: () => {}, warn: () => steps.push('warned') },
  };
  return { steps, options };
}

test('calls are answered to the end, and the watchers see it', async () => {
  const { steps, options } = setUp(Promise.resolve());
  await drain(options);
  expect(steps).toEqual([
    'not ready',
    'grpc drains',
    'grpc is drained',
    'calls are refused',
    'grpc closes',
    'ops closes',
  ]);
});

test('a client that never finishes does not hold the server for ever', async () => {
  const { steps, options } = setUp(new Promise(() => {}));
  await drain({ ...options, timeoutMs: 10 });
  expect(steps).toEqual([
    'not ready',
    'grpc drains',
    'calls are refused',
    'warned',
    'grpc closes',
    'ops closes',
  ]);
});
