import { isId } from '@signum/token';
import type { SupersedePolicy } from '../../domain/session.ts';
import { type Kind, type Parsed, scalar } from './kind.ts';
import { list } from './list.ts';
import { oneOf } from './one-of.ts';

export const supersedePolicy: Kind<SupersedePolicy> = oneOf<SupersedePolicy>({
  supersede: 'SUPERSEDE',
  deny_new: 'DENY_NEW',
  require_proof: 'REQUIRE_PROOF',
});

interface TenantPolicy {
  readonly tenantId: string;
  readonly policy: SupersedePolicy;
}

const MAX_TENANTS = 1_000;

const tenantPolicy: Kind<TenantPolicy> = scalar({
  name: 'tenant=policy',
  allowed: `tenant=policy, the policy one of ${supersedePolicy.allowed}`,
  parse: (text): Parsed<TenantPolicy> => {
    // A tenant's id may hold `=`, a policy cannot.
    const at = text.lastIndexOf('=');
    const tenantId = text.slice(0, Math.max(at, 0));
    if (!isId(tenantId)) return { fault: 'must be tenant=policy' };
    const policy = supersedePolicy.parse(text.slice(at + 1));
    return 'fault' in policy ? policy : { value: { tenantId, policy: policy.value } };
  },
  format: ({ tenantId, policy }) => `${tenantId}=${supersedePolicy.format(policy)}`,
});

const policies = list(tenantPolicy, { max: MAX_TENANTS });

/** Policies by tenant. A tenant's id that holds a comma can only be given in the file. */
export const tenantPolicies: Kind<ReadonlyMap<string, SupersedePolicy>> = {
  ...policies,
  parse: (raw) => {
    const parsed = policies.parse(raw);
    if ('fault' in parsed) return parsed;
    const byTenant = new Map(parsed.value.map(({ tenantId, policy }) => [tenantId, policy]));
    if (byTenant.size < parsed.value.length) return { fault: 'must name no tenant twice' };
    return { value: byTenant };
  },
  format: (value) =>
    policies.format([...value].map(([tenantId, policy]) => ({ tenantId, policy }))),
};
