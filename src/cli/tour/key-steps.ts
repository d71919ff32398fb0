import { randomBytes } from 'node:crypto';
import { KeyState, KeyStateSchema } from '@signum/contract/signum/v1/key_service_pb.js';
import { enumName } from '../output/enum-name.ts';
import { instant } from '../output/instants.ts';
import { check, reasonOf, type Step } from './step.ts';

export const KEY_STEPS: readonly Step[] = [
  {
    title: 'List the signing keys',
    why: 'One key signs; retired ones stay published until the last token that they signed has expired.',
    run: async ({ client }) => {
      const { keys } = await client.keys.listKeys({});
      const signing = keys.filter(({ state }) => state === KeyState.SIGNING);
      return {
        called: ['KeyService.ListKeys {}'],
        got: keys.map(
          ({ keyId, algorithm, state }) =>
            `${keyId} ${algorithm} ${enumName(KeyStateSchema, state)}`,
        ),
        checks: [check('exactly one key is SIGNING', signing.length === 1)],
      };
    },
  },
  {
    title: 'Rotate the signing key',
    why: 'The new key is published now and signs later: by then every verifier that caches the key set knows it.',
    skip: ({ options }) =>
      options.rotate ? undefined : 'it adds a key to this server; --rotate allows that',
    run: async ({ client, memory, now }) => {
      const { key } = await client.keys.rotateKey({});
      memory.rotatedKeyId = key?.keyId ?? '';
      return {
        called: ['KeyService.RotateKey {}'],
        got: [`${key?.keyId} ${key?.algorithm}, signs from ${instant(key?.activateTime, now())}`],
        checks: [check('the new key is PENDING', key?.state === KeyState.PENDING)],
      };
    },
  },
  {
    title: 'Fetch the public keys over HTTPS',
    why: 'Any JWT library verifies with these; a gateway needs nothing of Signum for that.',
    run: async ({ client, getJwks, memory }) => {
      const { status, body } = await getJwks();
      const { jwksJson } = await client.keys.getJwks({});
      const ids = status === 200 ? keyIds(body) : [];
      const { rotatedKeyId } = memory;
      return {
        called: ['GET /.well-known/jwks.json', 'KeyService.GetJwks {}'],
        got: [`HTTP ${status}, keys: ${ids.join(' ')}`],
        checks: [
          check('it answers', status === 200),
          check('it is what GetJwks says', ids.join() === keyIds(jwksJson).join()),
          ...(rotatedKeyId === ''
            ? []
            : [check('the new key is published already', ids.includes(rotatedKeyId))]),
        ],
      };
    },
  },
  {
    title: 'Call with a wrong API key',
    why: 'Nobody calls without proving who they are, and a refusal says nothing about what exists.',
    run: async ({ clientWith, tenantId, userId }) => {
      const wrong = `sgn_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64url')}`;
      const reason = await reasonOf(clientWith(wrong).tokens.listSessions({ tenantId, userId }));
      return {
        called: [`TokenService.ListSessions { ${tenantId}, ${userId} } with an API key made up`],
        got: [`error ${reason ?? '-'}`],
        checks: [check('it fails with CREDENTIAL_INVALID', reason === 'CREDENTIAL_INVALID')],
      };
    },
  },
];

function keyIds(jwks: string): string[] {
  const { keys = [] } = JSON.parse(jwks) as { keys?: { kid?: string }[] };
  return keys.map(({ kid = '' }) => kid).sort();
}
