import {
  type ValidateRequest,
  ValidateRequestSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { ValidateInput } from '../../tokens/tokens.ts';
import type { CheckMessage } from '../check-message.ts';
import { toValidateInput } from '../messages/validation.ts';
import { isPlain } from './is-plain.ts';

/** What a request to validate asks for. Throws INVALID_FIELD if it breaks a rule of the contract. */
export function checkedInput(request: ValidateRequest, checkMessage: CheckMessage): ValidateInput {
  const plain = isPlain(request);
  if (!plain) checkMessage(ValidateRequestSchema, request);
  return toValidateInput(request, plain);
}
