import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SignumError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import { createLog } from './log.ts';

const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl';
const KEY = `sgn_Ab12Cd34Ef56_${'x'.repeat(43)}`;
const CANARY = 'canary-7f3a';

function capture() {
  const lines: string[] = [];
  const log = createLog({ level: 'debug', destination: { write: (line) => lines.push(line) } });
  return { log, text: () => lines.join(''), last: () => JSON.parse(lines.at(-1) ?? '') };
}

/** As the Redis client makes them: the command's arguments hang on the error. */
function redisError(message: string): Error {
  return Object.assign(new Error(message), {
    command: { name: 'evalsha', args: [CANARY] },
    args: [CANARY],
  });
}

describe('the log', () => {
  it('shows a Secret as redacted, wherever it is', () => {
    const { log, text } = capture();
    const secret = new Secret(CANARY);
    log.info({ secret, deep: { list: [secret], map: new Map([['k', secret]]) } }, 'started');
    log.info(`with ${secret} and ${inspect(secret)}`);
    expect(text()).not.toContain(CANARY);
  });

  it('shows reason, message and metadata of its own errors, and the cause behind them', () => {
    const { log, last } = capture();
    const cause = new Error('connection lost');
    log.error(new SignumError('INTERNAL', 'it broke', { metadata: { request_id: 'r1' }, cause }));
    expect(last().err).toMatchObject({
      type: 'SignumError',
      reason: 'INTERNAL',
      message: 'it broke',
      metadata: { request_id: 'r1' },
      cause: { type: 'Error', message: 'connection lost' },
    });
  });

  it.each([
    ['as the error', (error: Error) => [error]],
    ['as a field', (error: Error) => [{ why: error }]],
    ['deep in a field', (error: Error) => [{ a: [{ b: error }] }]],
    ['as a cause', (cause: Error) => [new SignumError('INTERNAL', 'm', { cause })]],
    ['as the cause of a foreign error', (cause: Error) => [new Error('m', { cause })]],
    ['among several', (error: Error) => [new AggregateError([error], 'm')]],
  ])('never shows the arguments of a Redis command, logged %s', (_, args) => {
    const { log, text } = capture();
    log.error(...(args(redisError('READONLY')) as [object]));
    expect(text()).not.toContain(CANARY);
  });

  it('cuts the arguments that Redis repeats in its message', () => {
    const { log, text, last } = capture();
    const message = `ERR unknown command 'X', with args beginning with: '${CANARY}' "${CANARY}"`;
    log.error(redisError(message));
    expect(text()).not.toContain(CANARY);
    expect(last().err.message).toBe("ERR unknown command 'X'");
  });

  it('masks tokens, API keys and passwords in URLs, whatever they are in', () => {
    const { log, text, last } = capture();
    log.info({ note: `got ${JWT}`, [`k ${KEY}`]: KEY }, `Bearer ${JWT} and ${KEY}`);
    log.info(`redis+sentinel://user:${CANARY}@h1:1,h2:2/name`);
    log.child({ token: JWT, path: `/x?t=${JWT}` }).info('child');
    for (const secret of [JWT, JWT.split('.')[1], KEY, CANARY, 'x'.repeat(43)]) {
      expect(text()).not.toContain(secret);
    }
    expect(text()).toContain('sgn_Ab12Cd34Ef56_[redacted]');
    expect(last().msg).toBe('child');
  });

  it('drops what stands under the name of a credential', () => {
    const { log, last } = capture();
    const form = { refresh_token: CANARY, client_secret: CANARY, client_assertion: CANARY };
    log.info({ headers: { authorization: CANARY, 'x-request-id': 'r' }, form });
    expect(last()).toMatchObject({
      headers: { authorization: '[redacted]', 'x-request-id': 'r' },
      form: {
        refresh_token: '[redacted]',
        client_secret: '[redacted]',
        client_assertion: '[redacted]',
      },
    });
  });

  it('survives circular fields', () => {
    const { log, last } = capture();
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    log.info(circular, 'round');
    expect(last().msg).toBe('round');
  });

  it('says nothing of a thrown value that is no error', () => {
    const { log, text } = capture();
    log.error(new SignumError('INTERNAL', 'm', { cause: CANARY }));
    expect(text()).not.toContain(CANARY);
  });
});
