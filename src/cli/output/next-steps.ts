export interface Place {
  /** Base URL of the server. */
  readonly address: string;
  /** The state folder as it is to be typed: relative to the repository. */
  readonly stateDir: string;
}

interface Step {
  readonly why: string;
  readonly lines: readonly string[];
}

/** Commands to paste into a second terminal, in the repository: they work exactly as printed. */
export function nextSteps({ address, stateDir }: Place): string[] {
  const steps: Step[] = [
    {
      why: 'In a second terminal, in this directory. `signum --help` tells the rest.',
      lines: ['signum() { node scripts/run.js cli "$@"; }'],
    },
    {
      why: 'Issue a session for a device; this keeps its two tokens in the shell.',
      lines: [
        'eval "$(signum issue --tenant acme --user ada --device phone --label "Ada\'s phone" --output shell)"',
      ],
    },
    { why: 'It is good now.', lines: ['echo "$ACCESS_TOKEN" | signum validate -'] },
    {
      why: 'Refresh it: the tokens before are used up, the old access token is REVOKED (ROTATED).',
      lines: [
        'OLD_ACCESS=$ACCESS_TOKEN; OLD_REFRESH=$REFRESH_TOKEN',
        'eval "$(echo "$OLD_REFRESH" | signum refresh - --output shell)"; echo "$OLD_REFRESH" | signum refresh -',
        'echo "$OLD_ACCESS" | signum validate -',
      ],
    },
    {
      why: "The user's devices.",
      lines: ['signum sessions --tenant acme --user ada'],
    },
    {
      why: 'Log out: the token is REVOKED (LOGOUT) from this moment on.',
      lines: ['echo "$ACCESS_TOKEN" | signum revoke -', 'echo "$ACCESS_TOKEN" | signum validate -'],
    },
    {
      why: 'The public keys, and the API without the command line: any HTTP client will do.',
      lines: [
        `curl -sS --cacert ${stateDir}/ca.crt ${address}/.well-known/jwks.json; echo`,
        `echo "authorization: Bearer $(cat ${stateDir}/admin-key)" | curl -sS --cacert ${stateDir}/ca.crt -H @- -H 'content-type: application/json' -d '{"device":{"tenantId":"acme","userId":"ada","deviceId":"laptop"}}' ${address}/signum.v1.TokenService/Issue; echo`,
      ],
    },
    {
      why: 'All of it and more, explained step by step; and an examination of server and Redis.',
      lines: ['signum tour', 'signum doctor'],
    },
  ];
  return steps.flatMap(({ why, lines }) => [`# ${why}`, ...lines, '']);
}
