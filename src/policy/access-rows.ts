import { ACCESS, type AccessLine, type Scope } from './access-table.ts';

/** A line of the access table in words, for people. */
export interface AccessRow {
  /** Such as `TokenService/Issue`, with the `subject` that the line is about: `Revoke (token)`. */
  readonly call: string;
  /** What a service caller must hold; `-` if nothing. */
  readonly permission: string;
  /** Where it must hold it. */
  readonly service: string;
  /** What a user may do with an active access token of their own as credential. */
  readonly user: string;
  /** What can be done without any credential beside the message. */
  readonly nobody: string;
}

type Words = Pick<AccessRow, 'service' | 'user' | 'nobody'>;

const WORDS: { readonly [S in Scope]: Words } = {
  anyone: { service: 'anywhere', user: 'yes', nobody: 'yes' },
  holder: { service: "the token's tenant", user: 'with the token', nobody: 'with the token' },
  presented: { service: "the token's tenant", user: 'no', nobody: 'no' },
  items: { service: 'by item, as Validate', user: 'no', nobody: 'no' },
  user: { service: 'the named tenant', user: 'for themselves', nobody: 'no' },
  tenant: { service: 'the named tenant', user: 'no', nobody: 'no' },
  tenants: { service: 'each named tenant', user: 'no', nobody: 'no' },
  deployment: { service: 'every tenant', user: 'no', nobody: 'no' },
  reach: { service: 'callers within its reach', user: 'no', nobody: 'no' },
};

/** Who may call what, in the order of the contract. */
export function accessRows(): readonly AccessRow[] {
  return ACCESS.map((access) => ({
    call: callOf(access),
    permission: access.permission ?? '-',
    ...WORDS[access.scope],
  }));
}

/** The same as a Markdown table. */
export function documentAccess(): string {
  const rows = accessRows().map(({ call, permission, service, user, nobody }) => {
    const shown = permission === '-' ? '-' : `\`${permission}\``;
    return `| ${call} | ${shown} | ${service} | ${user} | ${nobody} |`;
  });
  return [
    '| call | permission | service caller, in | user | without a credential |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function callOf({ endpoint, subject }: AccessLine): string {
  const name = endpoint.replace(/^signum\.v1\./, '');
  return subject === undefined ? name : `${name} (${subject})`;
}
