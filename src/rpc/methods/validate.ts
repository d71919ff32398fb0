import { TokenService } from '@signum/contract/signum/v1/token_service_pb.js';
import type { Tokens } from '../../tokens/tokens.ts';
import { fromValidation, toValidateInput } from '../messages/validation.ts';
import { rule } from '../method-rule.ts';

export function validate(tokens: Pick<Tokens, 'validate'>) {
  return rule(TokenService.method.validate, {
    handle(call, request) {
      return tokens.validate(call, toValidateInput(request)).then(fromValidation);
    },
  });
}
