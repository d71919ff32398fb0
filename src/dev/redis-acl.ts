import { createHash } from 'node:crypto';

export interface AclOptions {
  readonly password: string;
  /**
   * Commands that the server has, as `COMMAND LIST` names them. Rules for others are left out,
   * because Redis refuses an ACL that names a command it lacks. Default: every rule is kept.
   */
  readonly knownCommands?: ReadonlySet<string>;
}

/** Fills in `deploy/redis/users.acl`. Only the SHA-256 of the password goes into it. */
export function renderAcl(template: string, { password, knownCommands }: AclOptions): string {
  const hash = createHash('sha256').update(password).digest('hex');
  const isKnown = (rule: string) =>
    !knownCommands || !rule.startsWith('+') || knownCommands.has(rule.slice(1));
  return template
    .replaceAll('PASSWORD_SHA256', hash)
    .split('\n')
    .map((line) => line.split(' ').filter(isKnown).join(' '))
    .join('\n');
}
