import { create } from '@bufbuild/protobuf';
import {
  BatchValidateResponseSchema,
  TokenService,
} from '@signum/contract/signum/v1/token_service_pb.js';
import { rule } from '../method-rule.ts';
import { checkItems, type ValidateItemsDeps, validateItems } from './validate-items.ts';

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
