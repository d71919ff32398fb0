import { create } from '@bufbuild/protobuf';
import {
  TokenService,
  ValidateStreamResponseSchema,
} from '@signum/contract/signum/v1/token_service_pb.js';
import type { Reason } from '../../domain/errors.ts';
import { callStreamRule } from '../method-rule.ts';
import { checkItems, failedItem, type ValidateItemsDeps, validateItems } from './validate-items.ts';

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
