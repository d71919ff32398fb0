import { invalidField } from '../../domain/errors.ts';

/** The four ids of an access token, as options. */
export interface TokenIdOptions {
  readonly tenant?: string;
  readonly user?: string;
  readonly device?: string;
  readonly tokenId?: string;
}

/** Whether any id is given: then the command is about ids and SIGNUM_TOKEN is not looked at. */
export function hasIds(options: TokenIdOptions): boolean {
  const { tenant, user, device, tokenId } = options;
  return [tenant, user, device, tokenId].some((id) => id !== undefined);
}

/** The value of an option that the others make necessary. */
export function needed(value: string | undefined, option: string, because: string): string {
  if (value === undefined) throw invalidField(option, `is needed ${because}`);
  return value;
}

/** All four, or an error that names the first one missing. */
export function tokenRef(options: TokenIdOptions) {
  const because = 'to name a token by its ids';
  return {
    tenantId: needed(options.tenant, '--tenant', because),
    userId: needed(options.user, '--user', because),
    deviceId: needed(options.device, '--device', because),
    tokenId: needed(options.tokenId, '--token-id', because),
  };
}
