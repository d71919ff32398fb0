// docs/reference/errors.md, from proto/signum/v1/error_reason.proto.
import type { FileRegistry } from '@bufbuild/protobuf';
import { cellOf } from './comment.ts';

const INTRODUCTION = `# Errors

<!-- Generated from proto/signum/v1/error_reason.proto by \`npm run docs\`. Do not edit. -->

Every error has one \`google.rpc.ErrorInfo\` with the domain \`signum\` and one of these reasons. Match on
the reason, never on the message. Where trying again can help, there is a \`google.rpc.RetryInfo\` too.`;

export function errorsReference(contract: FileRegistry): string {
  const reasons = contract.getEnum('signum.v1.ErrorReason');
  if (reasons === undefined) throw new Error('the contract has no ErrorReason');
  const rows = reasons.values
    .filter(({ number }) => number !== 0)
    .map((value) => {
      const [, code = '', rest = ''] = /^([A-Z_]+)[,.] ?(.*)$/.exec(cellOf(value)) ?? [];
      if (code === '') throw new Error(`${value.name} does not begin with its code`);
      const reason = value.name.replace('ERROR_REASON_', '');
      return `| <a id="${reason.toLowerCase()}"></a>\`${reason}\` | ${code} | ${capitalised(rest)} |`;
    });
  return [INTRODUCTION, '', '| reason | code | when, and what to do |', '|---|---|---|', ...rows]
    .join('\n')
    .concat('\n');
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
