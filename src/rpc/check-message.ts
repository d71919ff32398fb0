import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator } from '@bufbuild/protovalidate';
import { invalidField } from '../domain/errors.ts';

/** Throws INVALID_FIELD naming the first field that breaks a rule of the contract. */
export type CheckMessage = <Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
) => void;

/**
 * Checks messages against their protovalidate rules, which are compiled once per message type. What
 * the hot methods know to be plain does not come here.
 */
export function createCheckMessage(): CheckMessage {
  const validator = createValidator({ failFast: true });
  return (schema, message) => {
    const result = validator.validate(schema, message);
    if (result.kind === 'valid') return;
    if (result.kind === 'error') throw result.error;
    const [violation] = result.violations;
    if (violation === undefined) throw result.error;
    throw invalidField(pathToString(violation.field), violation.message);
  };
}
