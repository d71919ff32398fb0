/** What the exit code says, the same for every command. Part of the interface: scripts test it. */
export const EXIT = {
  ok: 0,
  negative: 1,
  usage: 2,
  denied: 3,
  unavailable: 4,
  other: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function isExitCode(code: unknown): code is ExitCode {
  return Object.values(EXIT).some((each) => each === code);
}

export const EXIT_CODES_HELP = `
Exit codes:
  0  done; for validate: the token is active; for doctor: healthy
  1  a negative answer: not active, not found, exists already, findings
  2  wrong usage, or a value that breaks its rule
  3  unauthenticated or not allowed
  4  unavailable, overloaded or too late: try again
  5  anything else
`;
