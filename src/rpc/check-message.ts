import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator } from '@bufbuild/protovalidate';
import { invalidField } from '../domain/errors.ts';
import { surelyValid } from './surely-valid.ts';

/** Throws INVALID_FIELD naming the first field that breaks a rule of the contract. */
export type CheckMessage<Desc extends DescMessage> = (message: MessageShape<Desc>) => void;

/** Makes the check of one type's messages. */
export type CheckOf = <Desc extends DescMessage>(schema: Desc) => CheckMessage<Desc>;

/** Checks messages against their protovalidate rules. */
export function createCheckOf(): CheckOf {
  const validator = createValidator({ failFast: true });
  return (schema) => {
    const isSurelyValid = surelyValid(schema);
    return (message) => {
      if (isSurelyValid(message)) return;
      const result = validator.validate(schema, message);
      if (result.kind === 'valid') return;
      if (result.kind === 'error') throw result.error;
      const [violation] = result.violations;
      if (violation === undefined) throw result.error;
      throw invalidField(pathToString(violation.field), violation.message);
    };
  };
}
