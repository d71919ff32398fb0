import type { Config } from '../config/config.ts';
import type { Records } from '../domain/records.ts';
import type { RootSecrets } from '../domain/root-secret.ts';
import type { SigningOptions } from '../signing/create-signing.ts';
import type { Log } from '../telemetry/log.ts';

/** What the signing side needs to know of the configuration. */
export function signingOptions(
  config: Config,
  records: Records,
  rootSecrets: RootSecrets,
  log: Log,
): SigningOptions {
  const { source, files, algorithm, rotationMs, publishMs, pollMs } = config.keys;
  return {
    issuer: config.tokens.issuer,
    rootSecrets,
    records,
    keys:
      source === 'files'
        ? { kind: 'files', paths: files, algorithm }
        : { kind: 'managed', algorithm, rotationMs, publishMs },
    longestAccessMs: config.lifetimes.accessMs,
    clockSkewMs: config.sessions.clockSkewMs,
    pollMs,
    onEvent: ({ event, keyId, rootSecretId, cause }) => {
      if (event === 'poll_failed') log.warn({ err: cause }, 'the key ring could not be read');
      else if (event === 'key_unreadable') {
        log.warn(
          { event, keyId, rootSecretId },
          'a stored key does not open under any root secret here',
        );
      } else log.info({ event, keyId }, 'key ring');
    },
  };
}
