/**
 * What no waiting mends: the settings and Redis do not fit. The message names the setting and what to
 * change, and holds nothing secret.
 */
export class RedisMisconfigured extends Error {
  override readonly name = 'RedisMisconfigured';
}
