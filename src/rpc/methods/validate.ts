import { create } from '@bufbuild/protobuf';
import {
  BatchValidateResponseSchema,
  type BatchValidateResult,
  TokenService,
  type ValidateRequest,
  type ValidateRequestSchema,
  ValidateStreamResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { ToSignumError } from '../../call/internal-error.ts';
import { invalidField, type Reason, type SignumError } from '../../domain/errors.ts';
import type { Validation } from '../../domain/verdict.ts';
import { type AdmittedCall, accessOf } from '../../policy/access.ts';
import { nameOf } from '../../policy/access-table.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import type { CheckMessage } from '../check-message.ts';
import { fromValidation, toValidateInput } from '../messages/validation.ts';
import { callStreamRule, rule } from '../method-rule.ts';
import { toStatusMessage } from '../status.ts';

export function validate(tokens: Pick<Tokens, 'validate'>) {
  return rule(TokenService.method.validate, {
    handle(call, request) {
      return tokens.validate(call, toValidateInput(request)).then(fromValidation);
    },
  });
}

/** Many tokens in one call. */
export function batchValidate(deps: ValidateItemsDeps) {
  return rule(TokenService.method.batchValidate, {
    size: 'batch',
    check: checkItems,
    async handle(call, { items }) {
      const results = await validateItems(deps, call, items);
      return create(BatchValidateResponseSchema, { results });
    },
  });
}

/** What befalls a batch and not the stream: the next one may fare better. */
const PASSING: ReadonlySet<Reason> = new Set(['OVERLOADED', 'DEADLINE_EXCEEDED']);

/** Batches for as long as the stream is open. */
export function validateStream(deps: ValidateItemsDeps) {
  return callStreamRule(TokenService.method.validateStream, {
    size: 'batch',
    check: checkItems,
    async handle(call, { items }) {
      const results = await validateItems(deps, call, items);
      return create(ValidateStreamResponseSchema, { results });
    },
    failed(error, { items }) {
      if (!PASSING.has(error.reason)) return undefined;
      const result = failedItem(error);
      return create(ValidateStreamResponseSchema, { results: items.map(() => result) });
    },
  });
}

const MAX_ITEMS = 256;

const { checkMessage } = accessOf(nameOf(TokenService.method.validate));

export interface ValidateItemsDeps {
  readonly tokens: Pick<Tokens, 'validate'>;
  readonly checkItem: CheckMessage<typeof ValidateRequestSchema>;
  readonly toSignumError: ToSignumError;
  /** Told of each item that has failed: to the call as a whole that is no failure. Must not throw. */
  readonly onItemFailure?: ((call: AdmittedCall, error: SignumError) => void) | undefined;
}

/** Throws INVALID_FIELD unless there are 1 to MAX_ITEMS. The items are looked at one by one later. */
function checkItems({ items }: { readonly items: readonly ValidateRequest[] }): void {
  if (items.length >= 1 && items.length <= MAX_ITEMS) return;
  throw invalidField('items', `must hold 1 to ${MAX_ITEMS} items`);
}

/**
 * Each item is authorised, checked and validated as if it had come alone, all at the same time; what
 * goes wrong with one is its result. A counter instead of an async function per item and
 * `Promise.all`, which together take half as long again.
 */
function validateItems(
  deps: ValidateItemsDeps,
  call: AdmittedCall,
  items: readonly ValidateRequest[],
): Promise<BatchValidateResult[]> {
  return new Promise((resolve, reject) => {
    const results = new Array<BatchValidateResult>(items.length);
    let left = items.length;
    const settle = (at: number, result: BatchValidateResult) => {
      results[at] = result;
      left -= 1;
      if (left === 0) resolve(results);
    };
    const fail = (at: number, thrown: unknown) => {
      try {
        const error = deps.toSignumError(thrown, call);
        deps.onItemFailure?.(call, error);
        settle(at, failedItem(error));
      } catch (fault) {
        reject(fault);
      }
    };
    const answer = (at: number, validation: Validation) => {
      try {
        settle(at, itemResult({ case: 'response', value: fromValidation(validation) }));
      } catch (thrown) {
        fail(at, thrown);
      }
    };
    items.forEach((item, at) => {
      try {
        validateItem(deps, call, item).then(
          (validation) => answer(at, validation),
          (thrown) => fail(at, thrown),
        );
      } catch (thrown) {
        fail(at, thrown);
      }
    });
  });
}

function validateItem(
  { tokens, checkItem }: ValidateItemsDeps,
  call: AdmittedCall,
  item: ValidateRequest,
): Promise<Validation> {
  checkMessage(call.caller, item);
  checkItem(item);
  return tokens.validate(call, toValidateInput(item, true));
}

function failedItem(error: SignumError): BatchValidateResult {
  return itemResult({ case: 'error', value: toStatusMessage(error) });
}

function itemResult(result: BatchValidateResult['result']): BatchValidateResult {
  return { $typeName: 'signum.v1.BatchValidateResult', result };
}
