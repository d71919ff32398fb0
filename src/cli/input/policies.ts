import { SupersedePolicy } from '@signum/contract/signum/v1/token_pb.js';

export type PolicyName = 'supersede' | 'deny-new' | 'require-proof';

const POLICIES: Readonly<Record<PolicyName, SupersedePolicy>> = {
  supersede: SupersedePolicy.SUPERSEDE,
  'deny-new': SupersedePolicy.DENY_NEW,
  'require-proof': SupersedePolicy.REQUIRE_PROOF,
};

export const POLICY_NAMES = Object.keys(POLICIES) as PolicyName[];

/** The policy with this name; the deployment's default without one. */
export function policyNamed(name: PolicyName | undefined): SupersedePolicy {
  return name === undefined ? SupersedePolicy.UNSPECIFIED : POLICIES[name];
}
