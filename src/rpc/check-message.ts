import {
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  type Message,
  type MessageShape,
} from '@bufbuild/protobuf';
import { pathToString, reflect } from '@bufbuild/protobuf/reflect';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import { createValidator } from '@bufbuild/protovalidate';
import {
  type FieldRules,
  FieldRulesSchema,
  field as fieldOption,
  Ignore,
  MessageRulesSchema,
  message as messageOption,
  oneof as oneofOption,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { invalidField } from '../domain/errors.ts';
import type { Draft } from './codec/draft.ts';
import { allOf, always, type Bounds, never, type Surely, surelyKept } from './surely-kept.ts';

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

/**
 * Whether a message keeps all rules of the contract for certain. Nearly all messages do, and finding
 * that out here takes a tenth of the time of protovalidate, which decides the others. It is made from
 * the contract: of a rule that is not known here it never says that it is kept.
 */
export function surelyValid(desc: DescMessage): (message: Message) => boolean {
  const ofMessage = boundsOf(MessageRulesSchema, getOption(desc, messageOption));
  if (Object.keys(ofMessage).length > 0) return () => false;
  const all = desc.members.map((member) => ({
    name: member.localName,
    check: member.kind === 'oneof' ? oneofCheck(member) : fieldCheck(member),
  }));
  const members = all.filter(({ check }) => check !== always);
  return (message) => {
    for (const { name, check } of members) {
      if (!check((message as Draft)[name] as never)) return false;
    }
    return true;
  };
}

function oneofCheck(oneof: DescOneof): Surely {
  const isRequired = getOption(oneof, oneofOption).required;
  const byCase = new Map(oneof.fields.map((field) => [field.localName, fieldCheck(field)]));
  return ({ case: name, value }: { readonly case?: string; readonly value?: never }) => {
    if (name === undefined) return !isRequired;
    return byCase.get(name)?.(value as never) ?? false;
  };
}

/** Of what a field holds: undefined for what is absent and need not be there. */
function fieldCheck(field: DescField): Surely {
  const rules = getOption(field, fieldOption);
  const check = allOf([ruleCheck(field, rules), elementCheck(field, rules)]);
  const { required, ignore } = rules;
  if (field.fieldKind === 'message') {
    return (value: unknown) => (value === undefined ? !required : check(value as never));
  }
  if (required) return never;
  if (check === always) return check;
  const mayBeAbsent = field.presence === FeatureSet_FieldPresence.EXPLICIT;
  const mayBeEmpty = ignore === Ignore.IF_ZERO_VALUE;
  if (!mayBeAbsent && !mayBeEmpty) return check;
  return (value: unknown) =>
    (mayBeAbsent && value === undefined) || (mayBeEmpty && value === '') || check(value as never);
}

/** By the rules of the value as a whole. */
function ruleCheck(field: DescField, { cel, celExpression, ignore, type }: FieldRules): Surely {
  if (ignore === Ignore.ALWAYS || cel.length > 0 || celExpression.length > 0) return never;
  if (type.case === undefined) return always;
  const schema = FieldRulesSchema.field[type.case].message as DescMessage;
  return surelyKept(type.case, boundsOf(schema, type.value), field);
}

/** By the rules of what is in it: the fields of a message, the items of a list, the pairs of a map. */
function elementCheck(field: DescField, { type }: FieldRules): Surely {
  switch (field.fieldKind) {
    case 'message':
      return messageCheck(field.message);
    case 'list': {
      const items = type.case === 'repeated' ? type.value.items : undefined;
      const own = field.listKind === 'message' ? messageCheck(field.message) : always;
      const each = allOf([eachCheck(field, items), own]);
      return each === always ? always : (list: readonly never[]) => list.every(each);
    }
    case 'map': {
      const { keys, values } = type.case === 'map' ? type.value : {};
      const [key, value] = [eachCheck(field, keys), eachCheck(field, values)];
      return (map: Readonly<Record<string, never>>) =>
        Object.entries(map).every(([name, each]) => key(name as never) && value(each));
    }
    default:
      return always;
  }
}

function eachCheck(field: DescField, rules: FieldRules | undefined): Surely {
  if (rules === undefined) return always;
  return rules.required || rules.ignore !== Ignore.UNSPECIFIED ? never : ruleCheck(field, rules);
}

/** Google's own types have no rules. */
function messageCheck(desc: DescMessage): Surely {
  return desc.typeName.startsWith('google.protobuf.') ? always : surelyValid(desc);
}

/** The rules that are set in a message of rules. */
function boundsOf(desc: DescMessage, rules: Message): Bounds {
  const all = reflect(desc, rules);
  const set = all.fields.filter((field) => all.isSet(field));
  return Object.fromEntries(set.map((field) => [field.name, unwrapped(field, all.get(field))]));
}

/** Without the wrapping of reflection. */
function unwrapped({ fieldKind }: DescField, value: unknown): unknown {
  if (fieldKind === 'list') return [...(value as Iterable<unknown>)];
  return fieldKind === 'message' ? (value as { readonly message: Message }).message : value;
}
