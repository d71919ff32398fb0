import { expect, test } from 'vitest';
import { callBy, serviceCaller } from '../../test/setup/callers-fixture.ts';
import type { Call } from '../domain/call.ts';
import { ANONYMOUS } from '../domain/caller.ts';
import type { TokenDeps } from '../tokens/deps.ts';
import { revokeUser } from '../tokens/revoke.ts';
import { accessOf } from './access.ts';

test('a use-case takes no call that has not been admitted', () => {
  const { authoriseToken, ...bare } = callBy(ANONYMOUS);
  const call: Call = bare;
  const act = (deps: TokenDeps) =>
    // @ts-expect-error A call that nobody has let in: this is what must not compile.
    revokeUser(deps, call, { tenantId: 'acme', userId: 'u1', reason: 'LOGOUT' });
  expect([act, authoriseToken].every((each) => typeof each === 'function')).toBe(true);
});

test('an endpoint whose messages present no token lets nobody use one', () => {
  const { checkToken } = accessOf('signum.v1.TokenService/Issue');
  expect(() => checkToken(serviceCaller([], '*'), { tenantId: 'acme' })).toThrow(/no line/);
});
