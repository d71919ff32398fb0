import { EDGE_MUTANTS } from './edges/edge-mutants.ts';
import type { Rule } from './judge.ts';
import type { TopologyName } from './rig.ts';

/** A way to break the service, and what must find it. */
export interface Mutant {
  readonly name: string;
  readonly why: string;
  /** The rule that it must be found to break. */
  readonly breaks: Rule;
  /** Where it shows. */
  readonly topology: TopologyName;
  /** The faults under which it shows. */
  readonly faults: readonly string[];
  /** Changes in the text of source files below src/ and of scripts in lua/. */
  readonly changes: readonly Change[];
  /** How many edges there are, where fewer show it better. */
  readonly edges?: number;
  /** Arguments for Redis, where what is broken is how it is set. */
  readonly redisArgs?: readonly string[];
}

export interface Change {
  /** Such as `src/store/client/client.ts` or `lua/validate.lua`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Not broken, but small: so that a reader need not be slow for a minute until it is too slow. */
export const SMALL_OUTBOX = {
  name: 'small-outbox',
  changes: [
    smaller('src/revocations/outgoing.ts', 'MOST_BYTES', 98_304),
    smaller('src/revocations/walk-feed.ts', 'PAGE', 50),
    smaller('src/revocations/walk-state.ts', 'PAGE', 50),
    smaller('src/revocations/walk-state.ts', 'ENTRIES', 60),
  ],
} as const;

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'client-defaults',
    breaks: 'an effect twice',
    why: 'the client library sends again what it has no answer to',
    topology: 'standalone',
    faults: ['drop replies'],
    changes: [
      {
        file: 'src/store/client/client.ts',
        find: 'enableOfflineQueue: false,\n    autoResendUnfulfilledCommands: false,',
        replace: 'enableOfflineQueue: true,\n    autoResendUnfulfilledCommands: true,',
      },
      {
        file: 'src/store/client/client.ts',
        find: 'maxRetriesPerRequest: 0',
        replace: 'maxRetriesPerRequest: 20',
      },
      // The library resends only what went through it.
      {
        file: 'src/store/dispatch/runner.ts',
        find: '({ wire }, how, waiting) => {\n      if (how.asking) wire.send(new Asking());\n      wire.send(new ScriptRun(script, keys, args, how, waiting));',
        replace:
          '({ node }, how, waiting) => {\n      tell(waiting, how.bySource ? node.eval(script.source, keys.length, ...keys, ...args) : node.evalsha(script.sha, keys.length, ...keys, ...args));',
      },
      {
        file: 'src/store/dispatch/runner.ts',
        find: '(to, how, waiting) => {\n      if (how.asking) to.wire.send(new Asking());\n      to.shared.add(script, connections.groupOf(key), item, how, waiting);',
        replace:
          '({ node }, _how, waiting) => {\n      tell(waiting, node.eval(script.source, item.keys.length, ...item.keys, ...item.args).then((replies: any) => replies[0]));',
      },
    ],
  },
  {
    name: 'retry-unknown',
    breaks: 'an effect twice',
    why: 'what may have run is sent again',
    topology: 'standalone',
    faults: ['drop replies', 'reset connections'],
    changes: [
      {
        file: 'src/store/client/faults.ts',
        find: "?? 'GIVE_UP'",
        replace: "?? 'REDIRECT'",
      },
    ],
  },
  {
    name: 'revoke-needs-memory',
    breaks: 'full memory stops more than new sessions',
    why: 'revoking adds before it deletes, and is not allowed to when memory is full',
    topology: 'standalone',
    faults: ['memory full'],
    changes: [{ file: 'lua/revoke.lua', find: '#!lua flags=allow-oom', replace: '#!lua' }],
  },
  {
    name: 'read-only-validate',
    breaks: 'a verdict from a primary without replicas',
    why: 'validate is declared to read only, so a primary without its replicas runs it',
    topology: 'sentinel',
    faults: ['SIGSTOP all replicas'],
    changes: [
      {
        file: 'lua/validate.lua',
        find: '#!lua flags=allow-oom',
        replace: '#!lua flags=no-writes,allow-stale',
      },
    ],
  },
  {
    name: 'wait-elsewhere',
    breaks: 'a dead token is valid',
    why: 'replicas are counted by WAIT over a connection that has written nothing',
    topology: 'cluster',
    faults: ['flush, slow replication, kill'],
    changes: [
      {
        file: 'src/store/dispatch/barrier.ts',
        find: 'const touch = isFlushing ? undefined : jobs[0]?.touch;',
        replace: 'const touch: string | undefined = isFlushing ? "" : undefined;',
      },
      {
        file: 'src/store/dispatch/barrier.ts',
        find: 'history.acknowledged.filter((each) => each >= offset).length',
        replace: 'Number("value" in waited ? waited.value : 0) + offset * 0',
      },
    ],
  },
  {
    name: 'no-barrier',
    breaks: 'a dead token is valid',
    why: 'a revocation is acknowledged without waiting for the replicas',
    topology: 'cluster',
    faults: ['flush, slow replication, kill'],
    changes: [
      {
        file: 'src/store/dispatch/barrier.ts',
        find: 'history.acknowledged.filter((each) => each >= offset).length',
        replace: '9',
      },
    ],
  },
  {
    name: 'unavailable-is-inactive',
    breaks: 'a live token is refused',
    why: 'a store that cannot answer is taken for one that knows no such token',
    topology: 'standalone',
    faults: ['SIGSTOP a primary', 'reset connections', 'drop replies'],
    changes: [
      {
        file: 'src/store/sessions/validate.ts',
        find: '.runShared(SCRIPTS.validate, item, deadline, kind)',
        replace: ".runShared(SCRIPTS.validate, item, deadline, kind).catch(() => ['UNKNOWN', 0])",
      },
    ],
  },
  {
    name: 'eviction',
    breaks: 'a live token is refused',
    why: 'Redis may evict when memory is full',
    topology: 'standalone',
    faults: ['memory full'],
    changes: [],
    redisArgs: ['--maxmemory-policy', 'allkeys-lru'],
  },
  {
    name: 'no-compare-and-set',
    breaks: 'one refresh, two successors',
    why: 'a refresh does not look at the generation that it replaces',
    topology: 'standalone',
    faults: ['SCRIPT FLUSH'],
    changes: [
      {
        file: 'lua/refresh.lua',
        find: 'if generation == at_generation - 1 and now - old_iat * 1000 <= grace_end then',
        replace: 'if false then',
      },
      {
        file: 'lua/refresh.lua',
        find: 'if generation < at_generation then',
        replace: 'if false then',
      },
    ],
  },
  {
    name: 'token-string-as-key',
    breaks: 'a dead token is valid',
    why: 'state is looked up for one spelling of a token only',
    topology: 'standalone',
    faults: ['SCRIPT FLUSH'],
    changes: [
      {
        file: 'src/tokens/validate.ts',
        find: 'const genuine = await deps.signing.verifyAccess(token, read);',
        replace:
          "const genuine = await deps.signing.verifyAccess(token, read);\n  if (genuine && Buffer.from(token.split('.')[2] ?? '', 'base64url')[32]! >= 128) return { verdict: 'ACTIVE', source: 'TOKEN', revision: 0 } as never;",
      },
    ],
  },
  {
    name: 'no-deadline',
    breaks: 'a call that settles late',
    why: 'nobody looks at the time while Redis says nothing',
    topology: 'standalone',
    faults: ['SIGSTOP a primary', 'partition a primary'],
    changes: [
      {
        file: 'src/store/dispatch/dispatcher.ts',
        find: 'this.#pending.tick(performance.now());',
        replace: '',
      },
      {
        file: 'src/store/dispatch/dispatcher.ts',
        find: 'if (breaker.tick())',
        replace: 'if (false)',
      },
      {
        file: 'src/store/client/client.ts',
        find: 'socketTimeout: 2 * settings.commandTimeoutMs',
        replace: 'socketTimeout: 60_000',
      },
      {
        file: 'src/call/unary-call.ts',
        find: 'this.#timer = setTimeout(expire, leftMs, this);',
        replace: 'setTimeout(() => expire, leftMs);',
      },
    ],
  },
  ...EDGE_MUTANTS,
];

/** Whatever the constant is. */
function smaller(file: string, name: string, value: number): Change {
  return {
    file,
    find: `const ${name} = `,
    replace: `const ${name} = ${value}; const USUAL_${name} = `,
  };
}
