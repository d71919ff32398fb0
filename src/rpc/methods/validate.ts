import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import { fromValidation } from '../messages/validation.ts';
import { rule } from '../method-rule.ts';
import { checkedInput } from './checked-input.ts';
import type { ValidateItemsDeps } from './validate-items.ts';

export function validate({ tokens, checkMessage }: ValidateItemsDeps) {
  return rule(TokenService.method.validate, {
    // Done where the input is made of it.
    check() {},
    handle(call, request) {
      return tokens.validate(call, checkedInput(request, checkMessage)).then(fromValidation);
    },
  });
}
