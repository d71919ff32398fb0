import { SupersedePolicy as WirePolicy } from '@signum/contract/signum/v1/token_pb.js';
import { type IssueRequest, TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import type { FenceWanted, SupersedePolicy } from '../../domain/session.ts';
import type { IssueInput } from '../../tokens/issue.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { toGrantClaims } from '../messages/grant-claims.ts';
import { fromIssued, fromRefreshed } from '../messages/token-pair.ts';
import {
  proofOf,
  toClientMetadata,
  toDeviceRef,
  toFence,
  toWholeSecondsMs,
} from '../messages/values.ts';
import { rule } from '../method-rule.ts';

const POLICY_OF: { readonly [P in WirePolicy]: SupersedePolicy | undefined } = {
  [WirePolicy.UNSPECIFIED]: undefined,
  [WirePolicy.SUPERSEDE]: 'SUPERSEDE',
  [WirePolicy.DENY_NEW]: 'DENY_NEW',
  [WirePolicy.REQUIRE_PROOF]: 'REQUIRE_PROOF',
};

/** `fence`: whether a superseded session's end waits for the edges unless the call says. */
export function issue(tokens: Pick<Tokens, 'issue'>, fence: FenceWanted) {
  return rule(TokenService.method.issue, {
    mayWait: (request) => (toFence(request.fence) ?? fence) === 'EDGES',
    handle(call, request) {
      return tokens.issue(call, toIssueInput(request)).then(fromIssued);
    },
  });
}

function toIssueInput(request: IssueRequest): IssueInput {
  return {
    device: toDeviceRef('device', request.device),
    ...toGrantClaims(request),
    metadata: toClientMetadata(request.metadata),
    lifetimes: {
      accessMs: toWholeSecondsMs('access_lifetime', request.accessLifetime),
      refreshMs: toWholeSecondsMs('refresh_lifetime', request.refreshLifetime),
      sessionMs: toWholeSecondsMs('session_lifetime', request.sessionLifetime),
    },
    policy: POLICY_OF[request.policy],
    requestId: request.requestId === '' ? undefined : request.requestId.toLowerCase(),
    proof: request.proof === '' ? undefined : request.proof,
    fence: toFence(request.fence),
  };
}

export function refresh(tokens: Pick<Tokens, 'refresh'>) {
  return rule(TokenService.method.refresh, {
    handle(call, { refreshToken, proof }) {
      const input = { refreshToken, proof: proofOf(call, proof) };
      return tokens.refresh(call, input).then(fromRefreshed);
    },
  });
}
