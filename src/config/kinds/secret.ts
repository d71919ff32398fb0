import { RootSecret } from '../../domain/root-secret.ts';
import { Secret } from '../../domain/secret.ts';
import { type Kind, scalar } from './kind.ts';
import { LINES_OR_COMMAS, list } from './list.ts';

export interface SecretForm {
  /** What the value must match; never shown together with the value. */
  readonly pattern: RegExp;
  /** What the pattern says, in words. */
  readonly allowed: string;
}

const REDACTED = '[redacted]';

/** A value that is never printed: it comes from `NAME`, or from the file named by `NAME_FILE`. */
export function secret(form: SecretForm): Kind<Secret> {
  return scalar({
    name: 'secret',
    allowed: form.allowed,
    secret: true,
    parse: (text) =>
      form.pattern.test(text) ? { value: new Secret(text) } : { fault: `must be ${form.allowed}` },
    format: () => REDACTED,
  });
}

const MAX_ROOT_SECRETS = 8;
const ROOT_FORM = 'at least 32 random bytes, such as base64url; no placeholder';

const rootSecret: Kind<Secret> = scalar({
  name: 'secret',
  allowed: ROOT_FORM,
  secret: true,
  parse: (text) =>
    isStrong(text) ? { value: new Secret(text) } : { fault: `must be ${ROOT_FORM}` },
  format: () => REDACTED,
});

/** Secrets from which keys are derived, the current one first. */
export const rootSecrets: Kind<readonly Secret[]> = list(rootSecret, {
  max: MAX_ROOT_SECRETS,
  separator: LINES_OR_COMMAS,
  allowed: `1 to ${MAX_ROOT_SECRETS}, comma separated or one per line; each ${ROOT_FORM}`,
});

function isStrong(text: string): boolean {
  try {
    return new RootSecret(text).id !== '';
  } catch {
    return false;
  }
}
