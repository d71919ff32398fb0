import { type Config, ConfigError } from '../../config/config.ts';
import { SignumError } from '../../domain/errors.ts';
import type { Records } from '../../domain/records.ts';
import type { RootSecrets } from '../../domain/root-secret.ts';
import {
  createSigning,
  type SigningOptions,
  type SigningParts,
} from '../../signing/create-signing.ts';
import type { Log } from '../../telemetry/log.ts';

/** Opens the key ring as configured. Rejects with ConfigError for a key file that cannot be used. */
export async function openSigning(
  config: Config,
  records: Records,
  rootSecrets: RootSecrets,
  log: Log,
): Promise<SigningParts> {
  try {
    return await createSigning(signingOptions(config, records, rootSecrets, log));
  } catch (error) {
    const { field, rule } = error instanceof SignumError ? error.metadata : {};
    const isFile = field && config.keys.files.some((path) => field.includes(path));
    if (!isFile) throw error;
    const fault = `names ${field}, which ${rule}`;
    throw new ConfigError([{ setting: 'SIGNUM_KEY_FILES', fault, allowed: '' }]);
  }
}

/** What the signing side needs to know of the configuration. */
function signingOptions(
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
