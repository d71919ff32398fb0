import { create } from '@bufbuild/protobuf';
import type { Call } from '../../domain/call.ts';
import { invalidField, type SignumError } from '../../domain/errors.ts';
import {
  type BatchValidateResult,
  BatchValidateResultSchema,
  TokenService,
  type ValidateRequest,
  ValidateRequestSchema,
} from '../../gen/signum/v1/token_service_pb.js';
import type { Tokens } from '../../tokens/tokens.ts';
import type { CheckMessage } from '../check-message.ts';
import { demandsOf, meetDemand } from '../demand.ts';
import type { ToSignumError } from '../internal-error.ts';
import { fromValidation, toValidateInput } from '../messages/validation.ts';
import { toStatusMessage } from '../status.ts';
import { isPlain } from './is-plain.ts';

export const MAX_ITEMS = 256;

const demandOf = demandsOf(TokenService.method.validate);

export interface ValidateItemsDeps {
  readonly tokens: Pick<Tokens, 'validate'>;
  readonly checkMessage: CheckMessage;
  readonly toSignumError: ToSignumError;
}

/** Throws INVALID_FIELD unless there are 1 to MAX_ITEMS. The items are looked at one by one later. */
export function checkItems({ items }: { readonly items: readonly ValidateRequest[] }): void {
  if (items.length >= 1 && items.length <= MAX_ITEMS) return;
  throw invalidField('items', `must hold 1 to ${MAX_ITEMS} items`);
}

/** Each item is authorised, checked and validated as if it had come alone, all at the same time. */
export function validateItems(
  deps: ValidateItemsDeps,
  call: Call,
  items: readonly ValidateRequest[],
): Promise<BatchValidateResult[]> {
  return Promise.all(items.map((item) => validateItem(deps, call, item)));
}

async function validateItem(
  deps: ValidateItemsDeps,
  call: Call,
  item: ValidateRequest,
): Promise<BatchValidateResult> {
  try {
    meetDemand(demandOf(item), call.caller);
    if (!isPlain(item)) deps.checkMessage(ValidateRequestSchema, item);
    const validation = await deps.tokens.validate(call, toValidateInput(item));
    const result = create(BatchValidateResultSchema);
    result.result = { case: 'response', value: fromValidation(validation) };
    return result;
  } catch (thrown) {
    return failedItem(deps.toSignumError(thrown, call));
  }
}

export function failedItem(error: SignumError): BatchValidateResult {
  const result = create(BatchValidateResultSchema);
  result.result = { case: 'error', value: toStatusMessage(error) };
  return result;
}
