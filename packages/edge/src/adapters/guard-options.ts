import type { VerifyOptions } from '../edge.ts';

/** What a request must satisfy, and how a refusal names the place that it was refused at. */
export interface GuardOptions extends Omit<VerifyOptions, 'proof'> {
  /** `realm` of the challenges; none by default. Printable ASCII without quotes and backslashes. */
  readonly realm?: string | undefined;
  /**
   * The origin that clients know this service by, such as `https://api.example.com`: their DPoP proofs
   * name it. By default https and the header `Host`. Set it where a proxy in front changes that header, or
   * where clients come by plain HTTP.
   */
  readonly origin?: string | undefined;
}

/** What can stand in a quoted string as it is. */
const QUOTABLE = /^[ !#-[\]-~]*$/;
/** RFC 6749 section 3.3; names of authentication context classes are held to the same. */
const NAME = /^[\x21\x23-\x5B\x5D-\x7E]{1,128}$/;
const ORIGIN = /^https?:\/\/[^/?#@\s]+$/i;
const MAX_AUDIENCE_LENGTH = 256;
const MAX_AGE_S = 9_999_999_999;

const NAMES = 'names of 1 to 128 printable ASCII characters without spaces, quotes and backslashes';
const isNames = (value: unknown) =>
  Array.isArray(value) && value.every((name) => typeof name === 'string' && NAME.test(name));
const isAudience = (name: unknown) =>
  typeof name === 'string' && name !== '' && name.length <= MAX_AUDIENCE_LENGTH;

/** Of each option whether a value will do, and what it must be. */
const RULES: Readonly<
  Record<keyof GuardOptions, readonly [isGood: (value: unknown) => boolean, must: string]>
> = {
  scopes: [isNames, `be a list of ${NAMES}`],
  audience: [
    (value) => (Array.isArray(value) ? value.every(isAudience) : isAudience(value)),
    `be 1 to ${MAX_AUDIENCE_LENGTH} characters, or a list of such`,
  ],
  acrValues: [
    (value) => isNames(value) && (value as readonly string[]).length > 0,
    `be a list of at least one of ${NAMES}`,
  ],
  maxAgeS: [
    (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_AGE_S,
    `be whole seconds, 0 to ${MAX_AGE_S}`,
  ],
  realm: [
    (value) => typeof value === 'string' && QUOTABLE.test(value),
    'be printable ASCII without quotes and backslashes',
  ],
  origin: [
    (value) => typeof value === 'string' && ORIGIN.test(value),
    'be like https://api.example.com, nothing more',
  ],
};

/**
 * An option that is passed over would let in whom it was to keep out.
 *
 * @throws RangeError if one is not known, or cannot be what it is; it says which, and the rule
 */
export function checkGuardOptions(options: GuardOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const [isGood, must] = Object.hasOwn(RULES, name) ? RULES[name as keyof GuardOptions] : [];
    if (isGood === undefined) {
      throw new RangeError(`\`${name}\` is no option: ${Object.keys(RULES).join(', ')} are`);
    }
    if (value !== undefined && !isGood(value)) throw new RangeError(`\`${name}\` must ${must}`);
  }
}
