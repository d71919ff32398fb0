import { type RevokeRequest, TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Call } from '../../domain/call.ts';
import { invalidField } from '../../domain/errors.ts';
import type { RevokeInput, Tokens } from '../../tokens/tokens.ts';
import { toDurability } from '../messages/durability.ts';
import { toFence } from '../messages/fence.ts';
import { toDeviceRef, toTokenRef, toUuid } from '../messages/ids.ts';
import { proofOf } from '../messages/key-proof.ts';
import { toRevocationReason } from '../messages/revocation-reason.ts';
import { fromRevoked } from '../messages/revoked.ts';
import { rule } from '../method-rule.ts';

export function revoke(tokens: Pick<Tokens, 'revoke'>) {
  return rule(TokenService.method.revoke, {
    mayWait: true,
    handle(call, request) {
      return tokens.revoke(call, toRevokeInput(call, request)).then(fromRevoked);
    },
  });
}

function toRevokeInput(call: Call, request: RevokeRequest): RevokeInput {
  return {
    subject: toSubject(request),
    reason: toRevocationReason(request.reason),
    durability: toDurability(request.durability),
    fence: toFence(request.fence),
    proof: proofOf(call, request.proof),
  };
}

function toSubject({ subject }: RevokeRequest): RevokeInput['subject'] {
  switch (subject.case) {
    case 'token':
      return { token: subject.value };
    case 'ids':
      return { ids: toTokenRef('ids', subject.value) };
    case 'session': {
      const device = toDeviceRef('session.device', subject.value.device);
      const sessionId = toUuid('session.session_id', subject.value.sessionId);
      return { session: { device, sessionId } };
    }
    case 'device':
      return { device: toDeviceRef('device', subject.value) };
    default:
      throw invalidField('subject', 'exactly one field is required in oneof');
  }
}
