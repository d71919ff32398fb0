import { invalidField } from '../../domain/errors.ts';
import { hasIds, needed, type TokenIdOptions, tokenRef } from '../input/token-ids.ts';

export interface RevokeTargetOptions extends TokenIdOptions {
  readonly session?: string;
  readonly all?: boolean;
  readonly allBut?: string;
  readonly wholeTenant?: boolean;
}

/** What a revoke is about, as the API takes it. */
export type RevokeTarget =
  | { readonly kind: 'session'; readonly subject: RevokeSubject }
  | {
      readonly kind: 'user';
      readonly tenantId: string;
      readonly userId: string;
      readonly exceptDeviceId: string;
    }
  | { readonly kind: 'tenant'; readonly tenantId: string };

type Device = { readonly tenantId: string; readonly userId: string; readonly deviceId: string };

type RevokeSubject =
  | { readonly case: 'token'; readonly value: string }
  | { readonly case: 'ids'; readonly value: Device & { readonly tokenId: string } }
  | {
      readonly case: 'session';
      readonly value: { readonly device: Device; readonly sessionId: string };
    }
  | { readonly case: 'device'; readonly value: Device };

/** Whether the options name what to revoke, so that no token is needed. */
export function namesTarget(options: RevokeTargetOptions): boolean {
  const { session, all, allBut, wholeTenant } = options;
  return hasIds(options) || session !== undefined || allBut !== undefined || !!all || !!wholeTenant;
}

/**
 * The target that the options name. Exactly one scope must be given: revoking more than was meant
 * is as bad as revoking less.
 */
export function revokeTarget(options: RevokeTargetOptions): RevokeTarget {
  const scope = onlyScope(options);
  const tenantId = needed(options.tenant, '--tenant', 'to say whose sessions to end');
  if (scope === '--whole-tenant') {
    refuse(options.user ?? options.device, '--whole-tenant', '--user and --device');
    return { kind: 'tenant', tenantId };
  }
  const userId = needed(options.user, '--user', 'unless --whole-tenant is meant');
  if (scope === '--all' || scope === '--all-but') {
    refuse(options.device, scope, '--device');
    return { kind: 'user', tenantId, userId, exceptDeviceId: options.allBut ?? '' };
  }
  const deviceId = needed(options.device, '--device', 'unless --all or --all-but is meant');
  const device = { tenantId, userId, deviceId };
  if (options.tokenId !== undefined) {
    return { kind: 'session', subject: { case: 'ids', value: tokenRef(options) } };
  }
  if (options.session !== undefined) {
    const value = { device, sessionId: options.session };
    return { kind: 'session', subject: { case: 'session', value } };
  }
  return { kind: 'session', subject: { case: 'device', value: device } };
}

function onlyScope(options: RevokeTargetOptions): string | undefined {
  const given = [
    ['--token-id', options.tokenId],
    ['--session', options.session],
    ['--all', options.all || undefined],
    ['--all-but', options.allBut],
    ['--whole-tenant', options.wholeTenant || undefined],
  ].flatMap(([name, value]) => (value === undefined ? [] : [String(name)]));
  const [first, second] = given;
  if (second !== undefined) throw invalidField(second, `must not come together with ${first}`);
  return first;
}

function refuse(value: string | undefined, option: string, others: string): void {
  if (value !== undefined) throw invalidField(option, `must not come together with ${others}`);
}
