import { TokenService, ValidateRequestSchema } from '../../gen/signum/v1/token_service_pb.js';
import { fromValidation, toValidateInput } from '../messages/validation.ts';
import { rule } from '../method-rule.ts';
import { isPlain } from './is-plain.ts';
import type { ValidateItemsDeps } from './validate-items.ts';

export function validate({ tokens, checkMessage }: ValidateItemsDeps) {
  return rule(TokenService.method.validate, {
    check(request) {
      if (!isPlain(request)) checkMessage(ValidateRequestSchema, request);
    },
    async handle(call, request) {
      return fromValidation(await tokens.validate(call, toValidateInput(request)));
    },
  });
}
