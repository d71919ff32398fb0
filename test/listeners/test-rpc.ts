import { uuidv7 } from 'uuidv7';
import { createToSignumError } from '../../src/call/internal-error.ts';
import type { Observation } from '../../src/call/observation.ts';
import { createPipeline, type Pipeline, type PipelineLimits } from '../../src/call/pipeline.ts';
import type { CallerAdministration } from '../../src/callers/administer.ts';
import type { Authenticate } from '../../src/callers/authenticate.ts';
import type { CallerView } from '../../src/callers/caller-view.ts';
import type { Call } from '../../src/domain/call.ts';
import { ANONYMOUS, type Permission, type ServiceCaller } from '../../src/domain/caller.ts';
import { SignumError } from '../../src/domain/errors.ts';
import type { Keys } from '../../src/rpc/methods/keys.ts';
import { createRpc, type Rpc, type RpcDeps } from '../../src/rpc/rpc.ts';
import type { KeyInfo } from '../../src/signing/ring/key-info.ts';
import { createInMemoryTokens, type InMemoryTokens } from './in-memory-tokens.ts';

const EVERYTHING: readonly Permission[] = [
  'issue',
  'refresh',
  'validate',
  'revoke',
  'list',
  'keys',
  'callers',
  'watch',
];

/** Callers by the key that they send after `Bearer `. */
const CALLERS: Readonly<Record<string, ServiceCaller>> = {
  admin: service('admin', EVERYTHING, '*'),
  acme: service('acme', EVERYTHING, new Set(['acme'])),
  validator: service('validator', ['validate'], new Set(['acme'])),
};

export interface TestRpc {
  readonly rpc: Rpc;
  readonly pipeline: Pipeline;
  readonly tokens: InMemoryTokens;
  readonly observations: Observation[];
  /** The calls that failed, with why. */
  readonly failures: { readonly call: Call; readonly error: SignumError }[];
  /** What was logged as a fault of the service's own. */
  readonly faults: unknown[];
}

/** The real pipeline around use-cases that need no store. `Bearer user` is user u1 of acme. */
export function createTestRpc(limits: Partial<PipelineLimits> = {}): TestRpc {
  const tokens = createInMemoryTokens();
  const observations: Observation[] = [];
  const faults: unknown[] = [];
  const failures: TestRpc['failures'] = [];
  const toSignumError = createToSignumError({ error: (fields) => faults.push(fields) });
  const pipeline = createPipeline({
    authenticate,
    limits,
    toSignumError,
    observe: (observation) => observations.push(observation),
    onFailure: (call, error) => failures.push({ call, error }),
    newRequestId: uuidv7,
  });
  const rpc = createRpc({
    pipeline,
    toSignumError,
    tokens,
    ring: createRing(),
    callers: createCallers(),
    ...createFeed(),
  });
  return { rpc, pipeline, tokens, observations, failures, faults };
}

/** A feed that tells nothing: what it tells is tested on a real store. */
function createFeed(): Pick<RpcDeps, 'watch' | 'watchSession' | 'deployment' | 'signing'> {
  return {
    watch: {
      begin: () => Promise.reject(new SignumError('STORE_UNAVAILABLE', '')),
      subscribers: 0,
      close() {},
    },
    async *watchSession({ sessionId }) {
      yield { sessionId, ended: true };
    },
    deployment: {
      partitions: 1,
      leaseMs: 5_000,
      issuer: '',
      audiences: [],
      clockSkewMs: 0,
      failoverWindowMs: 0,
    },
    signing: { readRefresh: () => Promise.reject(new SignumError('TOKEN_INVALID', '')) },
  };
}

const authenticate: Authenticate = ({ authorization, certificateNames }) => {
  if (authorization === undefined) {
    return certificateNames.includes('DNS:gateway')
      ? service('gateway', ['validate'], new Set(['acme']))
      : ANONYMOUS;
  }
  const key = authorization.replace('Bearer ', '');
  if (key === 'user') {
    const device = { tenantId: 'acme', userId: 'u1', deviceId: 'phone' };
    return Promise.resolve({ kind: 'user', device, sessionId: 's1' });
  }
  const caller = CALLERS[key];
  if (caller === undefined) throw new SignumError('CREDENTIAL_INVALID', 'not a good credential');
  return caller;
};

function service(
  name: string,
  permissions: readonly Permission[],
  tenants: ReadonlySet<string> | '*',
): ServiceCaller {
  return { kind: 'service', name, permissions: new Set(permissions), tenants };
}

function createRing(): Keys {
  const keys: KeyInfo[] = [key('k1', 'signing')];
  return {
    jwksJson: () => JSON.stringify({ keys: keys.map(({ keyId }) => ({ kid: keyId })) }),
    list: () => keys,
    refresh: async () => {},
    async rotate() {
      keys.unshift(key(`k${keys.length + 1}`, 'pending'));
      return keys[0] as KeyInfo;
    },
    revoke: async (keyId) => key(keyId, 'revoked'),
  };
}

function key(keyId: string, state: KeyInfo['state']): KeyInfo {
  return { keyId, algorithm: 'ES256', state, createdAtMs: 1_000, activatesAtMs: 2_000 };
}

function createCallers(): CallerAdministration {
  const callers = new Map<string, CallerView>();
  const find = (name: string) => {
    const caller = callers.get(name);
    if (caller === undefined) throw new SignumError('CALLER_NOT_FOUND', 'no such caller');
    return caller;
  };
  return {
    async create(_call, input) {
      const { name, permissions, tenants, certificateNames } = input;
      const keys = [{ keyId: 'abc', createdAtMs: 1_000, expiresAtMs: 2_000 }];
      const caller = { name, permissions, tenants, certificateNames, keys };
      callers.set(name, { ...caller, publicKeyIds: [], disabled: false, createdAtMs: 1_000 });
      return { caller: find(name), apiKey: 'sgn_abc_secret' };
    },
    list: async () => [...callers.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    rotateKey: async (_call, { name }) => ({ caller: find(name), apiKey: 'sgn_def_secret' }),
    setDisabled: async (_call, name, disabled) => ({ ...find(name), disabled }),
    delete: async (_call, name) => callers.delete(name),
  };
}
