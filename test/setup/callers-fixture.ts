import {
  type CallerAdministration,
  createCallerAdministration,
} from '../../src/callers/administer.ts';
import { ADMIN, type Authenticate, createAuthenticator } from '../../src/callers/authenticate.ts';
import { type CheckAssertion, createAssertionCheck } from '../../src/callers/client-assertion.ts';
import type { NewCaller } from '../../src/callers/create-caller.ts';
import { type CallerRegistry, createCallerRegistry } from '../../src/callers/registry.ts';
import type { Caller, Permission, ServiceCaller, UserCaller } from '../../src/domain/caller.ts';
import { SignumError } from '../../src/domain/errors.ts';
import { NO_PROOF } from '../../src/domain/key-proof.ts';
import type { Records } from '../../src/domain/records.ts';
import { RootSecrets } from '../../src/domain/root-secret.ts';
import { Secret } from '../../src/domain/secret.ts';
import { type AdmittedCall, admitted } from '../../src/policy/access.ts';

export const OLD_ROOT = 'k7Qm2vX9aB4nC6dE8fG0hJ1iL3oP5rS7tU9wY1zA2bC';
export const NEW_ROOT = 'Zx8Wv6Ut4Sr2Qp0On9Ml7Kj5Ih3Gf1Ed2Cb4Az6Yx8W';
export const ADMIN_KEY = `sgn_admin_${'Ab3_-'.repeat(9).slice(0, 43)}`;
export const USER: UserCaller = {
  kind: 'user',
  device: { tenantId: 'acme', userId: 'u', deviceId: 'd' },
  sessionId: 's',
};

/** One server's callers, on documents in memory that several servers can share. */
export interface CallersServer {
  readonly registry: CallerRegistry;
  readonly secrets: RootSecrets;
  readonly admin: CallerAdministration;
  readonly checkAssertion: CheckAssertion;
  readonly authenticate: Authenticate;
  /** Creates a caller as the administrator and gives its API key. */
  createdKey(name: string, more?: Partial<NewCaller>): Promise<string>;
}

export interface CallersWorld {
  /** The wall clock of all servers. */
  nowMs: number;
  readonly documents: Map<string, string>;
  readonly records: Records;
  /** What the servers have told of, as `event target`. */
  readonly events: string[];
  /** Another server; it knows no caller before it has read them. */
  serve(options?: { roots?: readonly string[]; refreshMs?: number }): CallersServer;
}

export function callersWorld(): CallersWorld {
  const documents = new Map<string, string>();
  const world: CallersWorld = {
    nowMs: Date.UTC(2026, 0, 1),
    documents,
    records: memoryRecords(documents),
    events: [],
    serve: ({ roots = [OLD_ROOT], refreshMs = 60_000 } = {}) => serve(world, roots, refreshMs),
  };
  return world;
}

function serve(world: CallersWorld, roots: readonly string[], refreshMs: number): CallersServer {
  const { records, events } = world;
  const now = () => world.nowMs;
  const secrets = new RootSecrets(roots);
  const registry = createCallerRegistry({ records, refreshMs, onFault: () => {}, now });
  const onEvent = (told: { event: string; target: string }) =>
    events.push(`${told.event} ${told.target}`);
  const bounds = { max: 6, maxPerTenant: 3 };
  const admin = createCallerAdministration({ records, bounds, registry, secrets, onEvent, now });
  const checkAssertion = createAssertionCheck({
    ...{ registry, audiences: [], skewS: 0 },
    useOnce: async () => 'REPLAYED',
  });
  const authenticate = createAuthenticator({
    registry,
    secrets,
    adminKey: new Secret(ADMIN_KEY),
    checkAssertion,
    validateUserToken: async (token) => (token === 'good.user.token' ? USER : undefined),
    now,
  });
  const createdKey = async (name: string, more: Partial<NewCaller> = {}) =>
    (await admin.create(callBy(ADMIN), newCaller(name, more))).apiKey ?? '';
  return { registry, secrets, admin, checkAssertion, authenticate, createdKey };
}

function memoryRecords(documents: Map<string, string>): Records {
  return {
    all: async () => new Map(documents),
    async put(name, value, expected) {
      if ((documents.get(name) ?? null) !== expected) return false;
      documents.set(name, value);
      return true;
    },
    delete: async (name) => documents.delete(name),
  };
}

/** A deadline that does not matter. */
export const soon = () => ({ deadlineAtMs: performance.now() + 60_000 });

/** A call that the pipeline has let in. */
export function callBy(caller: Caller): AdmittedCall {
  const about = { requestId: 'r', method: 'm', peer: '::1', shown: NO_PROOF };
  return admitted({ caller, ...about, ...soon(), authoriseToken() {} });
}

export function serviceCaller(
  permissions: readonly Permission[],
  tenants: readonly string[] | '*',
): ServiceCaller {
  return {
    kind: 'service',
    name: 'manager',
    permissions: new Set(permissions),
    tenants: tenants === '*' ? '*' : new Set(tenants),
  };
}

export function newCaller(name: string, more: Partial<NewCaller> = {}): NewCaller {
  return {
    name,
    permissions: ['validate'],
    tenants: ['acme'],
    certificateNames: [],
    withoutKey: false,
    ...more,
  };
}

export const bearer = (key: string) => ({ authorization: `Bearer ${key}`, certificateNames: [] });

/** The reason of the SignumError it fails with, thrown or rejected; `none` if it does not fail. */
export async function reasonOf(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (error instanceof SignumError) return error.reason;
    throw error;
  }
  return 'none';
}
